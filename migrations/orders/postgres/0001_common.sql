-- One row per day table that is in use: which calendar day it holds now.
CREATE TABLE days (
    slot      BIGINT PRIMARY KEY CHECK (slot BETWEEN 0 AND 30),
    epoch_day BIGINT NOT NULL,
    -- A sealed day takes no more landings; it is about to be emptied.
    sealed    BIGINT NOT NULL DEFAULT 0 CHECK (sealed IN (0, 1))
);

-- Durable marks that only ever rise: the next block of sequences, the next lease
-- of the local generator.
CREATE TABLE marks (
    name TEXT    PRIMARY KEY,
    next BIGINT NOT NULL CHECK (next >= 0)
);

-- What commits still have to tell others. due_at NULL: only an administrator can
-- move it.
CREATE TABLE outbox (
    id          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    destination BIGINT NOT NULL,
    payload     TEXT   NOT NULL,
    created_at  BIGINT NOT NULL,
    due_at      BIGINT,
    attempts    BIGINT NOT NULL DEFAULT 0,
    last_error  TEXT,
    died_at     BIGINT,
    -- A text that is no JSON cannot be cast, which refuses the row.
    CONSTRAINT outbox_json CHECK (payload::json IS NOT NULL)
);
CREATE INDEX outbox_due ON outbox (destination, due_at);
-- What administrators look through, in the order of ids; next to nothing on most days.
CREATE INDEX outbox_dead ON outbox (id) WHERE due_at IS NULL;
CREATE INDEX outbox_failing ON outbox (id) WHERE attempts > 0;

-- One row per day table that is in use: which calendar day it holds now.
CREATE TABLE days (
    slot      INTEGER PRIMARY KEY CHECK (slot BETWEEN 0 AND 30),
    epoch_day INTEGER NOT NULL,
    -- A sealed day takes no more landings; it is about to be emptied.
    sealed    INTEGER NOT NULL DEFAULT 0 CHECK (sealed IN (0, 1))
) STRICT;

-- Durable marks that only ever rise: the next block of sequences, the next lease
-- of the local generator.
CREATE TABLE marks (
    name TEXT    PRIMARY KEY,
    next INTEGER NOT NULL CHECK (next >= 0)
) STRICT, WITHOUT ROWID;

-- What commits still have to tell others. due_at NULL: only an administrator can
-- move it.
CREATE TABLE outbox (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    destination INTEGER NOT NULL,
    payload     TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    due_at      INTEGER,
    attempts    INTEGER NOT NULL DEFAULT 0,
    last_error  TEXT
) STRICT;
CREATE INDEX outbox_due ON outbox (destination, due_at);

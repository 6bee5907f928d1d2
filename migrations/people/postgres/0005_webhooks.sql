-- Webhooks of programs (R-API-5), what they are still to be told, and what was tried.

CREATE TABLE webhooks (
    id            BIGINT NOT NULL CONSTRAINT webhooks_pkey PRIMARY KEY CHECK (id >= 0),
    service_id    BIGINT NOT NULL REFERENCES services (id),
    url           TEXT    NOT NULL,
    -- A bit each: 1 packet.sent, 2 opened, 4 finished, 8 expired, 16 credited, 32 refunded,
    -- 64 member.joined.
    types         BIGINT NOT NULL,
    -- Sealed under a key that is not here; so is the secret before, until it signs no more.
    secret        BYTEA    NOT NULL,
    secret_before BYTEA,
    before_until  BIGINT,
    created_at    BIGINT NOT NULL,
    -- How many rows of webhook_events wait: counted under this row, like the lanes' heads.
    pending       BIGINT NOT NULL DEFAULT 0,
    pending_max   BIGINT NOT NULL,
    failing_since BIGINT,
    paused_at     BIGINT,
    -- 1 full, 2 failing.
    paused_why    BIGINT,
    CONSTRAINT webhooks_url_unique UNIQUE (service_id, url),
    CONSTRAINT webhooks_url_long CHECK (length(url) BETWEEN 1 AND 2048),
    CONSTRAINT webhooks_types_known CHECK (types BETWEEN 1 AND 127),
    CONSTRAINT webhooks_before_whole CHECK ((secret_before IS NULL) = (before_until IS NULL)),
    CONSTRAINT webhooks_pending CHECK (pending >= 0 AND pending_max >= 1),
    CONSTRAINT webhooks_paused_whole CHECK ((paused_at IS NULL) = (paused_why IS NULL)
                                            AND coalesce(paused_why, 1) IN (1, 2))
);

-- Only the head of a lane is due: the first that waits.
CREATE TABLE webhook_events (
    id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    webhook_id BIGINT NOT NULL REFERENCES webhooks (id),
    event_id   TEXT    NOT NULL,
    lane       TEXT    NOT NULL,
    type       BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    data       TEXT    NOT NULL,
    -- Since when it waits; later than it happened where it is replayed.
    queued_at  BIGINT NOT NULL,
    -- 0 waits, 1 arrived, 2 dead.
    state      BIGINT NOT NULL DEFAULT 0,
    attempts   BIGINT NOT NULL DEFAULT 0,
    due_at     BIGINT,
    CONSTRAINT webhook_events_once UNIQUE (webhook_id, event_id),
    CONSTRAINT webhook_events_id CHECK (length(event_id) BETWEEN 1 AND 128),
    CONSTRAINT webhook_events_lane CHECK (length(lane) BETWEEN 1 AND 64),
    CONSTRAINT webhook_events_state CHECK (state IN (0, 1, 2)),
    CONSTRAINT webhook_events_due CHECK (due_at IS NULL OR state = 0)
);
CREATE INDEX webhook_events_due ON webhook_events (webhook_id, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX webhook_events_lanes ON webhook_events (webhook_id, lane, id) WHERE state = 0;
CREATE INDEX webhook_events_at ON webhook_events (webhook_id, at);
CREATE INDEX webhook_events_over ON webhook_events (queued_at) WHERE state <> 0;

CREATE TABLE webhook_attempts (
    id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    webhook_id BIGINT NOT NULL REFERENCES webhooks (id),
    event_id   TEXT    NOT NULL,
    type       BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    took_ms    BIGINT NOT NULL,
    status     BIGINT,
    error      TEXT,
    CONSTRAINT webhook_attempts_error CHECK (length(error) BETWEEN 1 AND 512)
);
CREATE INDEX webhook_attempts_newest ON webhook_attempts (webhook_id, id);
CREATE INDEX webhook_attempts_at ON webhook_attempts (at);

-- Where browsers are told of packets while no page of the app is open (R-WEB-8), and what they are
-- still to be told.

-- The key that says to push services who pushes, sealed under a key that is not here.
CREATE TABLE push_keys (
    id     BIGINT PRIMARY KEY CHECK (id = 1),
    sealed BYTEA NOT NULL
);

-- A session is a browser; what ends it ends this.
CREATE TABLE push_subscriptions (
    token_hash BYTEA    PRIMARY KEY REFERENCES sessions (token_hash) ON DELETE CASCADE,
    user_id    BIGINT NOT NULL REFERENCES users (id),
    endpoint   TEXT    NOT NULL,
    -- What is told there is sealed for these.
    public_key BYTEA    NOT NULL,
    auth       BYTEA    NOT NULL,
    language   TEXT    NOT NULL,
    CONSTRAINT push_subscriptions_endpoint_unique UNIQUE (endpoint),
    CONSTRAINT push_subscriptions_endpoint_long CHECK (length(endpoint) BETWEEN 1 AND 1024),
    CONSTRAINT push_subscriptions_public_key CHECK (length(public_key) = 65),
    CONSTRAINT push_subscriptions_auth CHECK (length(auth) = 16)
);
CREATE INDEX push_subscriptions_by_user ON push_subscriptions (user_id);

-- The newest packet of a group that a browser has not been told of: one row, however many there
-- are.
CREATE TABLE pushes (
    id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token_hash BYTEA    NOT NULL REFERENCES push_subscriptions (token_hash) ON DELETE CASCADE,
    group_id   BIGINT NOT NULL REFERENCES chat_groups (id),
    order_no   BIGINT NOT NULL,
    queued_at  BIGINT NOT NULL,
    due_at     BIGINT NOT NULL,
    attempts   BIGINT NOT NULL DEFAULT 0,
    CONSTRAINT pushes_newest UNIQUE (token_hash, group_id)
);
CREATE INDEX pushes_due ON pushes (due_at);

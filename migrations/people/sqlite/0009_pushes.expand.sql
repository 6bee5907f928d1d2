-- Where browsers are told of packets while no page of the app is open (R-WEB-8), and what they are
-- still to be told.

-- The key that says to push services who pushes, sealed under a key that is not here.
CREATE TABLE push_keys (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    sealed BLOB NOT NULL
) STRICT;

-- A session is a browser; what ends it ends this.
CREATE TABLE push_subscriptions (
    token_hash BLOB    PRIMARY KEY REFERENCES sessions (token_hash) ON DELETE CASCADE,
    user_id    INTEGER NOT NULL REFERENCES users (id),
    endpoint   TEXT    NOT NULL,
    -- What is told there is sealed for these.
    public_key BLOB    NOT NULL,
    auth       BLOB    NOT NULL,
    language   TEXT    NOT NULL,
    CONSTRAINT push_subscriptions_endpoint_unique UNIQUE (endpoint),
    CONSTRAINT push_subscriptions_endpoint_long CHECK (length(endpoint) BETWEEN 1 AND 1024),
    CONSTRAINT push_subscriptions_public_key CHECK (length(public_key) = 65),
    CONSTRAINT push_subscriptions_auth CHECK (length(auth) = 16)
) STRICT;
CREATE INDEX push_subscriptions_by_user ON push_subscriptions (user_id);

-- The newest packet of a group that a browser has not been told of: one row, however many there
-- are.
CREATE TABLE pushes (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    token_hash BLOB    NOT NULL REFERENCES push_subscriptions (token_hash) ON DELETE CASCADE,
    group_id   INTEGER NOT NULL REFERENCES chat_groups (id),
    order_no   INTEGER NOT NULL,
    queued_at  INTEGER NOT NULL,
    due_at     INTEGER NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    CONSTRAINT pushes_newest UNIQUE (token_hash, group_id)
) STRICT;
CREATE INDEX pushes_due ON pushes (due_at);

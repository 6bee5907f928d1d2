-- Calls that came with an `Idempotency-Key` (R-API-5): begun before anything is done, and answered
-- before the caller is.

CREATE TABLE keyed_calls (
    id         INTEGER PRIMARY KEY,
    -- Who asks: a program, somebody, or a program for somebody.
    service_id INTEGER REFERENCES services (id),
    user_id    INTEGER REFERENCES users (id),
    key        TEXT    NOT NULL,
    -- SHA-256 of method, path and body.
    request    BLOB    NOT NULL,
    -- 0 once nobody will answer it.
    begun_at   INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    -- Absent for as long as it is being done, and for ever if whoever did it is gone.
    status     INTEGER,
    answer     BLOB,
    CONSTRAINT keyed_calls_somebody CHECK (service_id IS NOT NULL OR user_id IS NOT NULL),
    CONSTRAINT keyed_calls_key CHECK (length(key) BETWEEN 1 AND 64),
    CONSTRAINT keyed_calls_sha256 CHECK (length(request) = 32),
    CONSTRAINT keyed_calls_status CHECK (status BETWEEN 200 AND 499),
    CONSTRAINT keyed_calls_answered CHECK ((status IS NULL) = (answer IS NULL)),
    CONSTRAINT keyed_calls_long CHECK (length(answer) <= 65536)
) STRICT;
CREATE UNIQUE INDEX keyed_calls_unique
    ON keyed_calls (coalesce(service_id, -1), coalesce(user_id, -1), key);
CREATE INDEX keyed_calls_by_end ON keyed_calls (expires_at);

-- People and their sessions. Times are milliseconds since the epoch.

CREATE TABLE users (
    id            INTEGER PRIMARY KEY CHECK (id >= 0),
    name          TEXT    NOT NULL CHECK (length(name) >= 1),
    avatar        TEXT    NOT NULL CHECK (length(avatar) >= 1),
    -- The name in lower case, for accounts alone: guests may share names. The
    -- server folds it, because SQLite's lower() knows only ASCII.
    account_key   TEXT,
    password_hash TEXT,
    is_admin      INTEGER NOT NULL DEFAULT 0,
    -- Guards groups_per_user_max under concurrent joins.
    group_count   INTEGER NOT NULL DEFAULT 0,
    created_at    INTEGER NOT NULL,
    CONSTRAINT users_account_key_unique UNIQUE (account_key),
    CONSTRAINT users_account_or_guest CHECK ((account_key IS NULL) = (password_hash IS NULL)),
    CONSTRAINT users_is_admin_bool CHECK (is_admin IN (0, 1)),
    CONSTRAINT users_group_count_natural CHECK (group_count >= 0)
) STRICT;

-- Only the SHA-256 of a token is here: a stolen database signs nobody in.
CREATE TABLE sessions (
    token_hash BLOB    NOT NULL PRIMARY KEY,
    user_id    INTEGER NOT NULL REFERENCES users (id),
    created_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    CONSTRAINT sessions_token_hash_sha256 CHECK (length(token_hash) = 32)
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

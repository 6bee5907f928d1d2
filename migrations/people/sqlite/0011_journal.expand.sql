-- What administrators and services did, in one chain (R-API-6). No statement of ours changes or
-- removes an entry.

CREATE TABLE journal (
    seq        INTEGER PRIMARY KEY CHECK (seq >= 1),
    at         INTEGER NOT NULL,
    -- By whom; neither for a command, or the server itself. They refer to nothing, so that nothing
    -- that happens to people and services changes an entry.
    service_id INTEGER,
    user_id    INTEGER,
    what       TEXT    NOT NULL,
    -- JSON, as text: its bytes are what the hash covers.
    detail     TEXT    NOT NULL,
    -- SHA-256 over the hash before and this entry.
    hash       BLOB    NOT NULL,
    CONSTRAINT journal_what CHECK (length(what) BETWEEN 1 AND 64),
    CONSTRAINT journal_detail CHECK (length(detail) BETWEEN 2 AND 4000),
    CONSTRAINT journal_sha256 CHECK (length(hash) = 32)
) STRICT;

-- The one row that whoever makes an entry waits for.
CREATE TABLE journal_head (
    one           INTEGER PRIMARY KEY CHECK (one = 1),
    seq           INTEGER NOT NULL,
    hash          BLOB    NOT NULL,
    -- The last row of service_acts that an entry covers.
    acts_sealed   INTEGER NOT NULL,
    -- The last entry whose acts are gone.
    seals_removed INTEGER NOT NULL
) STRICT;
INSERT INTO journal_head VALUES (1, 0, zeroblob(32), 0, 0);

-- What administrators and services did, in one chain (R-API-6). No statement of ours changes or
-- removes an entry.

CREATE TABLE journal (
    seq        BIGINT PRIMARY KEY CHECK (seq >= 1),
    at         BIGINT NOT NULL,
    -- By whom; neither for a command, or the server itself. They refer to nothing, so that nothing
    -- that happens to people and services changes an entry.
    service_id BIGINT,
    user_id    BIGINT,
    what       TEXT   NOT NULL,
    -- JSON, as text: its bytes are what the hash covers.
    detail     TEXT   NOT NULL,
    -- SHA-256 over the hash before and this entry.
    hash       BYTEA  NOT NULL,
    CONSTRAINT journal_what CHECK (length(what) BETWEEN 1 AND 64),
    CONSTRAINT journal_detail CHECK (length(detail) BETWEEN 2 AND 4000),
    CONSTRAINT journal_sha256 CHECK (length(hash) = 32)
);

-- The one row that whoever makes an entry waits for.
CREATE TABLE journal_head (
    one           BIGINT PRIMARY KEY CHECK (one = 1),
    seq           BIGINT NOT NULL,
    hash          BYTEA  NOT NULL,
    -- The last row of service_acts that an entry covers.
    acts_sealed   BIGINT NOT NULL,
    -- The last entry whose acts are gone.
    seals_removed BIGINT NOT NULL
);
INSERT INTO journal_head VALUES (1, 0, decode(repeat('00', 32), 'hex'), 0, 0);

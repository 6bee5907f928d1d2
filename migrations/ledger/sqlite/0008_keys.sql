-- Which keys have sealed a server seed that is kept (R-STORE-7), noted before a key seals
-- for the first time. The first start of this version notes those of older data.
CREATE TABLE sealing_keys (
    -- What seals and tickets name: it tells nothing of the key.
    id      TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 8),
    -- Until when a node has sealed with it, at least.
    used_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Keys that were taken away (R-STORE-7). All that they had sealed was over by then, and its
-- seeds public (R-FAIR-6): what opens those seals stands here in the clear, so that proofs
-- are shown as before.
CREATE TABLE retired_keys (
    id    TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 8),
    -- Derived from the key, which it does not tell, and which signs nothing any more.
    seeds BLOB NOT NULL,
    CONSTRAINT retired_keys_seeds CHECK (length(seeds) = 32)
) STRICT, WITHOUT ROWID;

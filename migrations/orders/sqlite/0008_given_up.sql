-- Tombstones: payments whose packet never landed and never will, so that the money went back
-- (R-SEND-2). One table for all days, of which nothing is ever deleted; they are few.
-- finished_at: when it was given up.
CREATE TABLE given_up (
    order_no           INTEGER PRIMARY KEY CHECK (order_no >= 0),
    sender_id          INTEGER NOT NULL,
    group_id           INTEGER NOT NULL,
    recipient_id       INTEGER,
    kind               INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 2),
    total_fen          INTEGER NOT NULL,
    shares             INTEGER NOT NULL CHECK (shares >= 1),
    max_share_fen      INTEGER NOT NULL CHECK (max_share_fen >= 1),
    sealed_server_seed BLOB    NOT NULL,
    client_seed        BLOB    NOT NULL CHECK (length(client_seed) <= 32),
    commitment         BLOB    NOT NULL CHECK (length(commitment) = 32),
    created_at         INTEGER NOT NULL,
    landed_at          INTEGER NOT NULL,
    expires_at         INTEGER NOT NULL,
    finished_at        INTEGER NOT NULL,
    state              INTEGER NOT NULL CHECK (state = 3),
    claimed            INTEGER NOT NULL CHECK (claimed = 0),
    claimed_fen        INTEGER NOT NULL CHECK (claimed_fen = 0),
    CONSTRAINT packets_total_holds_shares CHECK (total_fen >= shares),
    CONSTRAINT packets_recipient_is_exclusive CHECK ((kind = 2) = (recipient_id IS NOT NULL))
) STRICT;

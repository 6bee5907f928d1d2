-- Tombstones: payments whose packet never landed and never will, so that the money went back
-- (R-SEND-2). One table for all days, of which nothing is ever deleted; they are few.
-- finished_at: when it was given up.
CREATE TABLE given_up (
    order_no           BIGINT PRIMARY KEY CHECK (order_no >= 0),
    sender_id          BIGINT NOT NULL,
    group_id           BIGINT NOT NULL,
    recipient_id       BIGINT,
    kind               BIGINT NOT NULL CHECK (kind BETWEEN 0 AND 2),
    total_fen          BIGINT NOT NULL,
    shares             BIGINT NOT NULL CHECK (shares >= 1),
    max_share_fen      BIGINT NOT NULL CHECK (max_share_fen >= 1),
    sealed_server_seed BYTEA  NOT NULL,
    client_seed        BYTEA  NOT NULL CHECK (length(client_seed) <= 32),
    commitment         BYTEA  NOT NULL CHECK (length(commitment) = 32),
    created_at         BIGINT NOT NULL,
    landed_at          BIGINT NOT NULL,
    expires_at         BIGINT NOT NULL,
    finished_at        BIGINT NOT NULL,
    state              BIGINT NOT NULL CHECK (state = 3),
    claimed            BIGINT NOT NULL CHECK (claimed = 0),
    claimed_fen        BIGINT NOT NULL CHECK (claimed_fen = 0),
    CONSTRAINT packets_total_holds_shares CHECK (total_fen >= shares),
    CONSTRAINT packets_recipient_is_exclusive CHECK ((kind = 2) = (recipient_id IS NOT NULL))
);

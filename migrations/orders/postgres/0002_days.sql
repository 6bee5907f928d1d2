-- Run once for each of the 31 days of the cycle.
-- state: 0 open, 1 finished, 2 expired, 3 given up (a tombstone: never landed,
-- never will).
CREATE TABLE packets_{day} (
    order_no           BIGINT PRIMARY KEY CHECK (order_no >= 0),
    sender_id          BIGINT NOT NULL,
    group_id           BIGINT NOT NULL,
    recipient_id       BIGINT,
    kind               BIGINT NOT NULL CHECK (kind BETWEEN 0 AND 2),
    total_fen          BIGINT NOT NULL,
    shares             BIGINT NOT NULL CHECK (shares >= 1),
    max_share_fen      BIGINT NOT NULL CHECK (max_share_fen >= 1),
    sealed_server_seed BYTEA    NOT NULL,
    client_seed        BYTEA    NOT NULL CHECK (length(client_seed) <= 32),
    commitment         BYTEA    NOT NULL CHECK (length(commitment) = 32),
    created_at         BIGINT NOT NULL,
    landed_at          BIGINT NOT NULL,
    expires_at         BIGINT NOT NULL,
    finished_at        BIGINT,
    state              BIGINT NOT NULL CHECK (state BETWEEN 0 AND 3),
    claimed            BIGINT NOT NULL,
    claimed_fen        BIGINT NOT NULL,
    CONSTRAINT packets_total_holds_shares CHECK (total_fen >= shares),
    CONSTRAINT packets_recipient_is_exclusive CHECK ((kind = 2) = (recipient_id IS NOT NULL)),
    CONSTRAINT packets_claimed_within_shares CHECK (claimed BETWEEN 0 AND shares),
    CONSTRAINT packets_claimed_fen_within_total CHECK (
        claimed_fen BETWEEN claimed AND total_fen - (shares - claimed)
    ),
    CONSTRAINT packets_finished_is_emptied CHECK (
        (state = 1) = (claimed = shares) AND (state <> 1 OR claimed_fen = total_fen)
    ),
    CONSTRAINT packets_end_has_a_time CHECK ((state = 0) = (finished_at IS NULL))
);
CREATE INDEX packets_{day}_due ON packets_{day} (expires_at) WHERE state = 0;

CREATE TABLE claims_{day} (
    order_no   BIGINT NOT NULL,
    seq        BIGINT NOT NULL CHECK (seq >= 0),
    user_id    BIGINT NOT NULL,
    amount_fen BIGINT NOT NULL CHECK (amount_fen >= 1),
    opened_at  BIGINT NOT NULL,
    PRIMARY KEY (order_no, seq),
    CONSTRAINT claims_{day}_one_per_user UNIQUE (order_no, user_id)
);
-- A tombstone may stand among the packets of an earlier day, whose table was not free; it
-- stays when those are emptied. This finds it without a walk over the table.
CREATE INDEX packets_{day}_given_up ON packets_{day} (created_at) WHERE state = 3;

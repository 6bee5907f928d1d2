-- The lists "sent" and "received". Amounts in fen, times in milliseconds since the
-- epoch, years and months in the configured time zone.

CREATE TABLE sent (
    order_no  BIGINT NOT NULL CHECK (order_no >= 0),
    user_id   BIGINT NOT NULL,
    group_id  BIGINT NOT NULL,
    -- 0 equal, 1 lucky, 2 exclusive.
    kind      BIGINT NOT NULL,
    total_fen BIGINT NOT NULL,
    shares    BIGINT NOT NULL,
    at        BIGINT NOT NULL,
    year      BIGINT NOT NULL,
    CONSTRAINT sent_unique PRIMARY KEY (order_no),
    CONSTRAINT sent_kind_known CHECK (kind IN (0, 1, 2)),
    CONSTRAINT sent_amounts CHECK (shares >= 1 AND total_fen >= shares)
);

CREATE INDEX sent_by_user ON sent (user_id, year, at DESC, order_no DESC);

CREATE TABLE received (
    order_no   BIGINT NOT NULL CHECK (order_no >= 0),
    user_id    BIGINT NOT NULL,
    seq        BIGINT NOT NULL,
    sender_id  BIGINT NOT NULL,
    group_id   BIGINT NOT NULL,
    kind       BIGINT NOT NULL,
    amount_fen BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    year       BIGINT NOT NULL,
    -- One share per person and packet, one person per share.
    CONSTRAINT received_unique PRIMARY KEY (order_no, user_id),
    CONSTRAINT received_seq_unique UNIQUE (order_no, seq),
    CONSTRAINT received_kind_known CHECK (kind IN (0, 1, 2)),
    CONSTRAINT received_amount CHECK (amount_fen >= 1 AND seq >= 0)
);

CREATE INDEX received_by_user ON received (user_id, year, at DESC, order_no DESC);

CREATE TABLE best_lucks (
    order_no BIGINT NOT NULL CHECK (order_no >= 0),
    user_id  BIGINT NOT NULL,
    year     BIGINT NOT NULL,
    CONSTRAINT best_lucks_unique PRIMARY KEY (order_no)
);

-- Kept in the transaction that writes the rows they count. A year is the sum of its
-- months, so that there is one count and not two that could differ.
CREATE TABLE totals (
    user_id        BIGINT NOT NULL,
    year           BIGINT NOT NULL,
    month          BIGINT NOT NULL,
    sent_count     BIGINT NOT NULL DEFAULT 0,
    sent_fen       BIGINT NOT NULL DEFAULT 0,
    received_count BIGINT NOT NULL DEFAULT 0,
    received_fen   BIGINT NOT NULL DEFAULT 0,
    best_lucks     BIGINT NOT NULL DEFAULT 0,
    CONSTRAINT totals_unique PRIMARY KEY (user_id, year, month),
    CONSTRAINT totals_month CHECK (month BETWEEN 1 AND 12),
    CONSTRAINT totals_natural CHECK (
        sent_count >= 0 AND sent_fen >= 0 AND received_count >= 0
        AND received_fen >= 0 AND best_lucks >= 0
    )
);

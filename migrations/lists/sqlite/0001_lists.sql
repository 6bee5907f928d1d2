-- The lists "sent" and "received". Amounts in fen, times in milliseconds since the
-- epoch, years in the configured time zone.

CREATE TABLE sent (
    order_no  INTEGER PRIMARY KEY CHECK (order_no >= 0),
    user_id   INTEGER NOT NULL,
    group_id  INTEGER NOT NULL,
    -- 0 equal, 1 lucky, 2 exclusive.
    kind      INTEGER NOT NULL,
    total_fen INTEGER NOT NULL,
    shares    INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    year      INTEGER NOT NULL,
    CONSTRAINT sent_kind_known CHECK (kind IN (0, 1, 2)),
    CONSTRAINT sent_amounts CHECK (shares >= 1 AND total_fen >= shares)
) STRICT;

CREATE INDEX sent_by_user ON sent (user_id, year, at DESC, order_no DESC);

CREATE TABLE received (
    order_no   INTEGER NOT NULL CHECK (order_no >= 0),
    user_id    INTEGER NOT NULL,
    seq        INTEGER NOT NULL,
    sender_id  INTEGER NOT NULL,
    group_id   INTEGER NOT NULL,
    kind       INTEGER NOT NULL,
    amount_fen INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    year       INTEGER NOT NULL,
    -- One share per person and packet, one person per share.
    CONSTRAINT received_unique PRIMARY KEY (order_no, user_id),
    CONSTRAINT received_seq_unique UNIQUE (order_no, seq),
    CONSTRAINT received_kind_known CHECK (kind IN (0, 1, 2)),
    CONSTRAINT received_amount CHECK (amount_fen >= 1 AND seq >= 0)
) STRICT, WITHOUT ROWID;

CREATE INDEX received_by_user ON received (user_id, year, at DESC, order_no DESC);

CREATE TABLE best_lucks (
    order_no INTEGER PRIMARY KEY CHECK (order_no >= 0),
    user_id  INTEGER NOT NULL,
    year     INTEGER NOT NULL
) STRICT;

-- Kept in the transaction that writes the rows they count.
CREATE TABLE totals (
    user_id        INTEGER NOT NULL,
    year           INTEGER NOT NULL,
    sent_count     INTEGER NOT NULL DEFAULT 0,
    sent_fen       INTEGER NOT NULL DEFAULT 0,
    received_count INTEGER NOT NULL DEFAULT 0,
    received_fen   INTEGER NOT NULL DEFAULT 0,
    best_lucks     INTEGER NOT NULL DEFAULT 0,
    CONSTRAINT totals_unique PRIMARY KEY (user_id, year),
    CONSTRAINT totals_natural CHECK (
        sent_count >= 0 AND sent_fen >= 0 AND received_count >= 0
        AND received_fen >= 0 AND best_lucks >= 0
    )
) STRICT, WITHOUT ROWID;

-- The ledger (R-MONEY-1): accounts, transfers between them, and what was paid for.
-- Money is integer fen, moments are milliseconds since 1970, order numbers are their
-- 63 bits.

-- kind: 0 the issuer (owner 0), 1 a wallet (owner: user), 2 an escrow (owner: order
-- number). Balances end at 2^53 - 1, as every amount does.
CREATE TABLE accounts (
    kind    INTEGER NOT NULL,
    owner   INTEGER NOT NULL,
    balance INTEGER NOT NULL,
    CONSTRAINT accounts_pkey PRIMARY KEY (kind, owner),
    CONSTRAINT accounts_kind_known CHECK (kind IN (0, 1, 2)),
    CONSTRAINT accounts_owner CHECK (owner >= 0 AND (kind <> 0 OR owner = 0)),
    CONSTRAINT accounts_only_the_issuer_is_negative CHECK (kind = 0 OR balance >= 0),
    CONSTRAINT accounts_balance_range
        CHECK (balance BETWEEN -9007199254740991 AND 9007199254740991)
) STRICT, WITHOUT ROWID;

-- kind: 1 top-up, 2 pay, 3 credit, 4 refund. Rows are never changed or removed.
-- The balances are those right after the transfer.
CREATE TABLE transfers (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    key            TEXT    NOT NULL,
    kind           INTEGER NOT NULL,
    debit_kind     INTEGER NOT NULL,
    debit_owner    INTEGER NOT NULL,
    credit_kind    INTEGER NOT NULL,
    credit_owner   INTEGER NOT NULL,
    amount         INTEGER NOT NULL,
    debit_balance  INTEGER NOT NULL,
    credit_balance INTEGER NOT NULL,
    order_no       INTEGER,
    at             INTEGER NOT NULL,
    CONSTRAINT transfers_key UNIQUE (key),
    CONSTRAINT transfers_amount_positive
        CHECK (amount BETWEEN 1 AND 9007199254740991),
    -- A CHECK that is NULL passes, so a missing order number must not make it NULL.
    CONSTRAINT transfers_accounts_fit_kind CHECK (
        CASE kind
            WHEN 1 THEN debit_kind = 0 AND credit_kind = 1 AND order_no IS NULL
            WHEN 2 THEN debit_kind = 1 AND credit_kind = 2
                        AND coalesce(order_no, -1) = credit_owner
            WHEN 3 THEN debit_kind = 2 AND credit_kind = 1
                        AND coalesce(order_no, -1) = debit_owner
            WHEN 4 THEN debit_kind = 2 AND credit_kind = 1
                        AND coalesce(order_no, -1) = debit_owner
            ELSE FALSE
        END),
    CONSTRAINT transfers_only_the_issuer_is_negative
        CHECK ((debit_kind = 0 OR debit_balance >= 0) AND credit_balance >= 0)
) STRICT;

-- The statement of a wallet, and everything about one packet through its escrow, both
-- in the order of ids (which SQLite appends to every index).
CREATE INDEX transfers_debit ON transfers (debit_kind, debit_owner);
CREATE INDEX transfers_credit ON transfers (credit_kind, credit_owner);

-- The whole paid pre-order with both seeds, the server's sealed (R-SEND-2).
CREATE TABLE payments (
    order_no INTEGER NOT NULL,
    payment  TEXT    NOT NULL,
    CONSTRAINT payments_pkey PRIMARY KEY (order_no),
    CONSTRAINT payments_json CHECK (json_valid(payment))
) STRICT;

-- Pre-orders that the shared cache could not take (R-SEND-4).
CREATE TABLE pre_orders (
    order_no   INTEGER NOT NULL,
    record     TEXT    NOT NULL,
    expires_at INTEGER NOT NULL,
    CONSTRAINT pre_orders_pkey PRIMARY KEY (order_no),
    CONSTRAINT pre_orders_json CHECK (json_valid(record))
) STRICT;
CREATE INDEX pre_orders_expiry ON pre_orders (expires_at);

-- AUTOINCREMENT, because an id that is used again would let a worker whose lease ran
-- out settle a row that it never saw.
CREATE TABLE outbox (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    destination INTEGER NOT NULL,
    payload     TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    due_at      INTEGER,
    attempts    INTEGER NOT NULL,
    last_error  TEXT,
    CONSTRAINT outbox_json CHECK (json_valid(payload))
) STRICT;
CREATE INDEX outbox_due ON outbox (destination, due_at);
CREATE INDEX outbox_order ON outbox (destination, json_extract(payload, '$.order_no'));

-- The ledger (R-MONEY-1): accounts, transfers between them, and what was paid for.
-- Money is integer fen, moments are milliseconds since 1970, order numbers are their
-- 63 bits.

-- kind: 0 the issuer (owner 0), 1 a wallet (owner: user), 2 an escrow (owner: order
-- number). Balances end at 2^53 - 1, as every amount does. credited: what credits have
-- ever brought into a wallet (R-PEOPLE-3); may pass the most that a balance can hold.
CREATE TABLE accounts (
    kind     BIGINT NOT NULL,
    owner    BIGINT NOT NULL,
    balance  BIGINT NOT NULL,
    credited BIGINT NOT NULL DEFAULT 0,
    CONSTRAINT accounts_pkey PRIMARY KEY (kind, owner),
    CONSTRAINT accounts_kind_known CHECK (kind IN (0, 1, 2)),
    CONSTRAINT accounts_owner CHECK (owner >= 0 AND (kind <> 0 OR owner = 0)),
    CONSTRAINT accounts_only_the_issuer_is_negative CHECK (kind = 0 OR balance >= 0),
    CONSTRAINT accounts_balance_range
        CHECK (balance BETWEEN -9007199254740991 AND 9007199254740991),
    CONSTRAINT accounts_credited CHECK (credited >= 0 AND (kind = 1 OR credited = 0))
);

-- kind: 1 top-up, 2 pay, 3 credit, 4 refund. Rows are never changed or removed.
-- The balances are those right after the transfer. Ids are drawn while the accounts are
-- locked, so that they grow with every transfer of an account; a server that hands them
-- out in blocks would break that.
CREATE TABLE transfers (
    id             BIGINT GENERATED ALWAYS AS IDENTITY (CACHE 1),
    key            TEXT   NOT NULL,
    kind           BIGINT NOT NULL,
    debit_kind     BIGINT NOT NULL,
    debit_owner    BIGINT NOT NULL,
    credit_kind    BIGINT NOT NULL,
    credit_owner   BIGINT NOT NULL,
    amount         BIGINT NOT NULL,
    debit_balance  BIGINT NOT NULL,
    credit_balance BIGINT NOT NULL,
    order_no       BIGINT,
    at             BIGINT NOT NULL,
    CONSTRAINT transfers_pkey PRIMARY KEY (id),
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
);

-- The statement of a wallet, and everything about one packet through its escrow, both
-- in the order of ids.
CREATE INDEX transfers_debit ON transfers (debit_kind, debit_owner, id);
CREATE INDEX transfers_credit ON transfers (credit_kind, credit_owner, id);

-- The whole paid pre-order with both seeds, the server's sealed (R-SEND-2).
CREATE TABLE payments (
    order_no BIGINT NOT NULL,
    payment  TEXT   NOT NULL,
    CONSTRAINT payments_pkey PRIMARY KEY (order_no),
    -- A text that is no JSON cannot be cast, which refuses the row.
    CONSTRAINT payments_json CHECK (payment::json IS NOT NULL)
);

-- Pre-orders that the shared cache could not take (R-SEND-4).
CREATE TABLE pre_orders (
    order_no   BIGINT NOT NULL,
    record     TEXT   NOT NULL,
    expires_at BIGINT NOT NULL,
    CONSTRAINT pre_orders_pkey PRIMARY KEY (order_no),
    CONSTRAINT pre_orders_json CHECK (record::json IS NOT NULL)
);
CREATE INDEX pre_orders_expiry ON pre_orders (expires_at);

-- Packets that are to land. due_at NULL: only an administrator can move it.
CREATE TABLE outbox (
    id          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    destination BIGINT NOT NULL,
    payload     TEXT   NOT NULL,
    created_at  BIGINT NOT NULL,
    due_at      BIGINT,
    attempts    BIGINT NOT NULL DEFAULT 0,
    last_error  TEXT,
    died_at     BIGINT,
    CONSTRAINT outbox_json CHECK (payload::json IS NOT NULL)
);
CREATE INDEX outbox_due ON outbox (destination, due_at);
CREATE INDEX outbox_order ON outbox (destination, (payload::json ->> 'order_no'));
-- What administrators look through, in the order of ids; next to nothing on most days.
CREATE INDEX outbox_dead ON outbox (id) WHERE due_at IS NULL;
CREATE INDEX outbox_failing ON outbox (id) WHERE attempts > 0;

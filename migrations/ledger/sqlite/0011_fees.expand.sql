-- What the house takes for a packet, and gives back with one that was given up (R-API-4): kinds 5
-- and 6 of transfers, to and from an account of the house beside the issuer's (kind 0, owner 1).
-- SQLite changes no constraint of a table that is there, so both are made anew; what is in them
-- stays what it is. Programs of the version before work with them, and take no fee; but they cannot
-- read one, so that the first fee is the end of going back to them.

CREATE TABLE new_accounts (
    kind     INTEGER NOT NULL,
    owner    INTEGER NOT NULL,
    balance  INTEGER NOT NULL,
    credited INTEGER NOT NULL DEFAULT 0
        CONSTRAINT accounts_credited CHECK (credited >= 0 AND (kind = 1 OR credited = 0)),
    CONSTRAINT accounts_pkey PRIMARY KEY (kind, owner),
    CONSTRAINT accounts_kind_known CHECK (kind IN (0, 1, 2)),
    CONSTRAINT accounts_owner CHECK (owner >= 0 AND (kind <> 0 OR owner IN (0, 1))),
    CONSTRAINT accounts_only_the_issuer_is_negative
        CHECK ((kind = 0 AND owner = 0) OR balance >= 0),
    CONSTRAINT accounts_balance_range
        CHECK (balance BETWEEN -9007199254740991 AND 9007199254740991)
) STRICT, WITHOUT ROWID;
INSERT INTO new_accounts (kind, owner, balance, credited)
SELECT kind, owner, balance, credited FROM accounts ORDER BY kind, owner;
DROP TABLE accounts;
ALTER TABLE new_accounts RENAME TO accounts;

CREATE TABLE new_transfers (
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
            WHEN 1 THEN debit_kind = 0 AND debit_owner = 0 AND credit_kind = 1
                        AND order_no IS NULL
            WHEN 2 THEN debit_kind = 1 AND credit_kind = 2
                        AND coalesce(order_no, -1) = credit_owner
            WHEN 3 THEN debit_kind = 2 AND credit_kind = 1
                        AND coalesce(order_no, -1) = debit_owner
            WHEN 4 THEN debit_kind = 2 AND credit_kind = 1
                        AND coalesce(order_no, -1) = debit_owner
            WHEN 5 THEN debit_kind = 1 AND credit_kind = 0 AND credit_owner = 1
                        AND order_no IS NOT NULL
            WHEN 6 THEN debit_kind = 0 AND debit_owner = 1 AND credit_kind = 1
                        AND order_no IS NOT NULL
            ELSE FALSE
        END),
    CONSTRAINT transfers_only_the_issuer_is_negative CHECK (
        ((debit_kind = 0 AND debit_owner = 0) OR debit_balance >= 0) AND credit_balance >= 0)
) STRICT;
INSERT INTO new_transfers (id, key, kind, debit_kind, debit_owner, credit_kind, credit_owner,
                           amount, debit_balance, credit_balance, order_no, at)
SELECT id, key, kind, debit_kind, debit_owner, credit_kind, credit_owner,
       amount, debit_balance, credit_balance, order_no, at
FROM transfers ORDER BY id;
DROP TABLE transfers;
ALTER TABLE new_transfers RENAME TO transfers;
CREATE INDEX transfers_debit ON transfers (debit_kind, debit_owner);
CREATE INDEX transfers_credit ON transfers (credit_kind, credit_owner);
CREATE INDEX transfers_paid ON transfers (debit_owner, at, amount) WHERE kind = 2;

-- For the audit, which looks at fees with their packets. Only fees stand in it.
CREATE INDEX transfers_fees ON transfers (order_no) WHERE kind >= 5;

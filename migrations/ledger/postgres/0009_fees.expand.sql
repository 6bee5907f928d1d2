-- What the house takes for a packet, and gives back with one that was given up (R-API-4): kinds 5
-- and 6 of transfers, to and from an account of the house beside the issuer's (kind 0, owner 1).
-- Programs of the version before work with it, and take no fee; but they cannot read one, so that
-- the first fee is the end of going back to them. What was there held stricter rules, so nothing
-- has to be read again: payments wait for two changes of the catalogue, and for no scan. The index
-- is therefore made in the migration before, and not in this transaction.

ALTER TABLE accounts
    DROP CONSTRAINT accounts_owner,
    DROP CONSTRAINT accounts_only_the_issuer_is_negative,
    ADD CONSTRAINT accounts_owner
        CHECK (owner >= 0 AND (kind <> 0 OR owner IN (0, 1))) NOT VALID,
    ADD CONSTRAINT accounts_only_the_issuer_is_negative
        CHECK ((kind = 0 AND owner = 0) OR balance >= 0) NOT VALID;

ALTER TABLE transfers
    DROP CONSTRAINT transfers_accounts_fit_kind,
    DROP CONSTRAINT transfers_only_the_issuer_is_negative,
    -- A CHECK that is NULL passes, so a missing order number must not make it NULL.
    ADD CONSTRAINT transfers_accounts_fit_kind CHECK (
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
        END) NOT VALID,
    ADD CONSTRAINT transfers_only_the_issuer_is_negative CHECK (
        ((debit_kind = 0 AND debit_owner = 0) OR debit_balance >= 0) AND credit_balance >= 0)
        NOT VALID;

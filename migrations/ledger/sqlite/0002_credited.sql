-- What credits have ever brought into a wallet (R-PEOPLE-3): kept in the UPDATE that
-- changes the balance, so that "opened, less credited" costs one row and not a history.
-- Zero for accounts that are no wallets. May pass the most that a balance can hold.
ALTER TABLE accounts ADD COLUMN credited INTEGER NOT NULL DEFAULT 0
    CONSTRAINT accounts_credited CHECK (credited >= 0 AND (kind = 1 OR credited = 0));

UPDATE accounts SET credited = sums.credited
FROM (SELECT credit_owner, sum(amount) AS credited FROM transfers
      WHERE kind = 3 GROUP BY credit_owner) AS sums
WHERE accounts.kind = 1 AND accounts.owner = sums.credit_owner;

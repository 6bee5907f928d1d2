-- What somebody has paid for packets since a moment: caps on what one person may send in a day
-- are looked at in the transaction that pays (R-API-4). Only payments stand in it, so that
-- credits cost what they did.
CREATE INDEX transfers_paid ON transfers (debit_owner, at, amount) WHERE kind = 2;

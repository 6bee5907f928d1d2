-- For the audit, which looks at fees with their packets (R-API-4). Only fees stand in it, of which
-- there are none yet: programs of the version before never write to it. Making it reads all of
-- transfers, and payments wait for that, as they do for any index; those who only read do not. It
-- stands before the constraints, in a transaction of its own: they lock out readers too.
CREATE INDEX transfers_fees ON transfers (order_no, id) WHERE kind >= 5;

-- One destination for credits, 8, instead of three, 2 to 4: when a row is due says which of
-- the ways it goes (R-MONEY-2).
UPDATE outbox SET destination = 8 WHERE destination IN (2, 3, 4);

-- A row names the packet that it makes land; see the order shards.
ALTER TABLE outbox ADD COLUMN order_no INTEGER;
WITH symbol (at, shift) AS
    (VALUES (2, 56), (3, 51), (4, 46), (5, 45), (6, 40), (7, 35), (8, 30), (9, 25), (10, 20),
            (11, 15), (12, 10), (13, 5), (14, 0)),
told AS
    (SELECT id, payload ->> '$.order_no' AS number FROM outbox)
UPDATE outbox
SET order_no =
    (SELECT sum((instr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', substr(number, at, 1)) - 1) << shift)
     FROM symbol)
    + CASE substr(number, 1, 1) WHEN 'N' THEN 1 << 61 ELSE 0 END
FROM told
WHERE told.id = outbox.id AND length(number) = 15 AND number GLOB '[SN]*'
  AND number NOT GLOB '*[^0-9A-HJKMNP-TV-Z]*';
DROP INDEX outbox_order;
CREATE INDEX outbox_order ON outbox (order_no, destination);

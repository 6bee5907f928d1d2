-- A row names the packet that it makes land; see the order shards. Rows that nodes of the
-- version before write beside this one name none.
ALTER TABLE outbox ADD COLUMN order_no BIGINT;
WITH symbol (at, shift) AS
    (VALUES (2, 56), (3, 51), (4, 46), (5, 45), (6, 40), (7, 35), (8, 30), (9, 25), (10, 20),
            (11, 15), (12, 10), (13, 5), (14, 0)),
told AS
    (SELECT id, payload::json ->> 'order_no' AS number FROM outbox)
UPDATE outbox
SET order_no =
    (SELECT sum((strpos('0123456789ABCDEFGHJKMNPQRSTVWXYZ', substr(number, at, 1)) - 1)::bigint
                << shift)::bigint
     FROM symbol)
    + CASE substr(number, 1, 1) WHEN 'N' THEN 1::bigint << 61 ELSE 0 END
FROM told
WHERE told.id = outbox.id AND number ~ '^[SN][0-9A-HJKMNP-TV-Z]{14}$';
DROP INDEX outbox_order;
CREATE INDEX outbox_order ON outbox (order_no, destination);

-- A row tells of one packet alone, which it names: audits, reconciliation and the emptying of
-- days find it by that. Rows of several packets are taken apart, in their order. Rows that
-- cannot be read stay as they are, and name none; so do those that nodes of the version
-- before write beside this one.
ALTER TABLE outbox ADD COLUMN order_no BIGINT;

CREATE TABLE events AS
SELECT outbox.id AS old, event.place, event.event,
       CASE WHEN json_typeof(event.event) = 'object' THEN event.event ->> 'order_no' END AS number
FROM outbox,
     json_array_elements(CASE WHEN json_typeof(outbox.payload::json) = 'array'
                              THEN outbox.payload::json ELSE '[]' END)
         WITH ORDINALITY AS event (event, place);
DELETE FROM events WHERE old IN
    (SELECT old FROM events
     WHERE number IS NULL OR number !~ '^[SN][0-9A-HJKMNP-TV-Z]{14}$');

-- The 63 bits of a number from its symbols: site 2, shard 10, day 5, and 46 of the tail.
CREATE TABLE told AS
WITH symbol (at, shift) AS
         (VALUES (2, 56), (3, 51), (4, 46), (5, 45), (6, 40), (7, 35), (8, 30), (9, 25), (10, 20),
                 (11, 15), (12, 10), (13, 5), (14, 0)),
     packet AS
         (SELECT old, number, min(place) AS place,
                 '[' || string_agg(event::text, ',' ORDER BY place) || ']' AS payload,
                 count(*) OVER (PARTITION BY old) AS packets
          FROM events GROUP BY old, number)
SELECT old, place, payload, packets,
       (SELECT sum((strpos('0123456789ABCDEFGHJKMNPQRSTVWXYZ', substr(number, at, 1)) - 1)::bigint
                   << shift)::bigint
        FROM symbol)
       + CASE substr(number, 1, 1) WHEN 'N' THEN 1::bigint << 61 ELSE 0 END AS order_no
FROM packet;

UPDATE outbox SET order_no = told.order_no FROM told
WHERE told.old = outbox.id AND told.packets = 1;
INSERT INTO outbox
    (order_no, destination, payload, created_at, due_at, attempts, last_error, died_at)
SELECT told.order_no, outbox.destination, told.payload, outbox.created_at, outbox.due_at,
       outbox.attempts, outbox.last_error, outbox.died_at
FROM told JOIN outbox ON outbox.id = told.old
WHERE told.packets > 1
ORDER BY told.old, told.place;
DELETE FROM outbox WHERE id IN (SELECT old FROM told WHERE packets > 1);
DROP TABLE told;
DROP TABLE events;

CREATE INDEX outbox_order ON outbox (order_no, destination);

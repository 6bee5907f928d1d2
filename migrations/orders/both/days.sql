-- Run once for each of the 31 days of the cycle: tombstones stood among the packets of a day.
INSERT INTO given_up
SELECT order_no, sender_id, group_id, recipient_id, kind, total_fen, shares,
       max_share_fen, sealed_server_seed, client_seed, commitment, created_at, landed_at,
       expires_at, finished_at, state, claimed, claimed_fen
FROM packets_{day} WHERE state = 3;
DELETE FROM packets_{day} WHERE state = 3;
DROP INDEX IF EXISTS packets_{day}_given_up;

-- Run once for each of the 31 days of the cycle.
-- A tombstone may stand among the packets of an earlier day, whose table was not free; it
-- stays when those are emptied. This finds it without a walk over the table.
CREATE INDEX packets_{day}_given_up ON packets_{day} (created_at) WHERE state = 3;

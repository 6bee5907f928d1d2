-- Durable marks that only ever rise: the next block of sequences, the next lease of the
-- local generator, for each site (R-ORDER-2). They stand here because the ledger is the
-- database that is restored to the latest moment (R-ORDER-3). Until now they stood in the
-- first shard of each site, whose restore gave numbers again; there they stay for the nodes
-- of the version before, while those still run beside others.
CREATE TABLE marks (
    name TEXT   PRIMARY KEY,
    next BIGINT NOT NULL CHECK (next >= 0)
);

-- What the old marks were at stands in other databases. Everything that was ever paid for
-- stands here, so the marks begin a thousand blocks (of 2^20) or leases (of 2^24) above the
-- highest of it: far more than restarts can have left unused above it.
INSERT INTO marks (name, next)
SELECT CASE local WHEN 0 THEN 'sequence-' ELSE 'local-lease-' END
           || CASE site WHEN 0 THEN 'S' ELSE 'N' END,
       CASE local WHEN 0 THEN max(sequence) + 1 + 1073741824
                  ELSE (max(sequence) >> 24) + 1 + 1024 END
FROM (SELECT order_no >> 61 AS site, (order_no >> 45) & 1 AS local,
             order_no & 35184372088831 AS sequence
      FROM (SELECT order_no FROM payments UNION ALL SELECT order_no FROM pre_orders) AS used)
     AS parts
GROUP BY site, local;

-- Totals by month, for the chart of a year; a year is the sum of its months, so that
-- there is one count and not two that could differ.
--
-- Rows do not say their month, and SQL does not know the configured time zone. What
-- was written before this migration was written before the first release: its months
-- are those of the default zone, eight hours ahead of UTC without summer time. The
-- year is the one that the row was recorded under, whatever its zone.

ALTER TABLE totals RENAME TO totals_by_year;

CREATE TABLE totals (
    user_id        INTEGER NOT NULL,
    year           INTEGER NOT NULL,
    month          INTEGER NOT NULL,
    sent_count     INTEGER NOT NULL DEFAULT 0,
    sent_fen       INTEGER NOT NULL DEFAULT 0,
    received_count INTEGER NOT NULL DEFAULT 0,
    received_fen   INTEGER NOT NULL DEFAULT 0,
    best_lucks     INTEGER NOT NULL DEFAULT 0,
    CONSTRAINT totals_unique PRIMARY KEY (user_id, year, month),
    CONSTRAINT totals_month CHECK (month BETWEEN 1 AND 12),
    CONSTRAINT totals_natural CHECK (
        sent_count >= 0 AND sent_fen >= 0 AND received_count >= 0
        AND received_fen >= 0 AND best_lucks >= 0
    )
) STRICT, WITHOUT ROWID;

INSERT INTO totals
    (user_id, year, month, sent_count, sent_fen, received_count, received_fen, best_lucks)
SELECT user_id, year,
       CASE
           WHEN CAST(strftime('%Y', at / 1000 + 28800, 'unixepoch') AS INTEGER) < year THEN 1
           WHEN CAST(strftime('%Y', at / 1000 + 28800, 'unixepoch') AS INTEGER) > year THEN 12
           ELSE CAST(strftime('%m', at / 1000 + 28800, 'unixepoch') AS INTEGER)
       END AS month,
       sum(sent_count), sum(sent_fen), sum(received_count), sum(received_fen), sum(best_lucks)
FROM (
    SELECT user_id, year, at, 1 AS sent_count, total_fen AS sent_fen, 0 AS received_count,
           0 AS received_fen, 0 AS best_lucks
    FROM sent
    UNION ALL
    SELECT user_id, year, at, 0, 0, 1, amount_fen, 0 FROM received
    UNION ALL
    -- A best luck is of the month in which its share was opened.
    SELECT b.user_id, b.year, coalesce(r.at, 0), 0, 0, 0, 0, 1
    FROM best_lucks AS b LEFT JOIN received AS r USING (order_no, user_id)
)
GROUP BY 1, 2, 3;

DROP TABLE totals_by_year;

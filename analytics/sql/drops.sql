-- Question: what became of each broker's ticks?
-- Grain:    one row per broker
-- Params:   none
--
-- ticks = applied + duplicates + line_duplicates + unchanged + late + backfilled + invalid
SELECT
    broker,
    sum(ticks) AS ticks,
    sum(applied) AS applied,
    sum(duplicates) AS duplicate,
    sum(line_duplicates) AS line_duplicate,
    sum(unchanged) AS unchanged,
    sum(late) AS late,
    sum(backfilled) AS backfilled,
    sum(invalid) AS invalid,
    sum(missing) AS missing,
    sum(quarantined) AS quarantined,
    sum(heartbeats) AS heartbeats
FROM quality_windows
GROUP BY broker
ORDER BY broker

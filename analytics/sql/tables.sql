-- Question: how many rows has each table?
-- Grain:    one row per table; bars counts minutes, whatever versions of them wait to be merged
-- Params:   none
SELECT name, rows
FROM
(
    SELECT 'ticks' AS name, count() AS rows FROM ticks
    UNION ALL
    SELECT 'tier_quotes', count() FROM tier_quotes
    UNION ALL
    SELECT 'quality_windows', count() FROM quality_windows
    UNION ALL
    SELECT 'bars', count() FROM bars
)
ORDER BY name

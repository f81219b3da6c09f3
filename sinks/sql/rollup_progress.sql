-- Question: up to where are the rollups done, and what time is it?
-- Grain:    one row per (rollup, of_table), and one of neither for the time; in µs
-- Params:   none
SELECT '' AS rollup, '' AS of_table, toUnixTimestamp64Micro(now64(6, 'UTC')) AS done_us
UNION ALL
SELECT rollup, of_table, toUnixTimestamp64Micro(done_until) FROM rollup_progress FINAL

-- Question: up to where are the rollups done?
-- Grain:    one row per (rollup, of_table)
-- Params:   none
SELECT rollup, of_table, toUnixTimestamp64Micro(done_until) FROM rollup_progress FINAL

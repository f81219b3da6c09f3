-- Question: up to where is a rollup done now?
-- Grain:    one row per table it is made of
-- Params:   rows: (rollup, of_table, µs), ...
INSERT INTO rollup_progress (rollup, of_table, done_until)
SELECT rollup, of_table, fromUnixTimestamp64Micro(until_us, 'UTC')
FROM values('rollup String, of_table String, until_us Int64', {{rows}})

-- Question: how much is stored since a moment?
-- Grain:    one row: the newest stored_at in µs, and the number of rows
-- Params:   table; since: µs
SELECT toUnixTimestamp64Micro(max(stored_at)), count()
FROM {{table}}
WHERE stored_at >= fromUnixTimestamp64Micro({{since}}, 'UTC')

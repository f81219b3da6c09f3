-- Question: which symbols has each broker ticked, and when last?
-- Grain:    one row per (broker, symbol)
-- Params:   from DateTime64 inclusive, to DateTime64 exclusive: the sessions' clock
SELECT broker, toString(symbol) AS symbol, toUnixTimestamp(max(window_start)) AS second
FROM quality_windows
WHERE window_start >= {from:DateTime64(6, 'UTC')} AND window_start < {to:DateTime64(6, 'UTC')} AND symbol != ''
    AND ticks > backfilled + invalid
GROUP BY broker, symbol
ORDER BY broker, symbol

-- Question: second by second, which brokers gave a sign of life, and which symbols ticked?
-- Grain:    one row per (second, broker) in which anything came from the broker
-- Params:   from DateTime64 inclusive, to DateTime64 exclusive: the sessions' clock, whole seconds
--
-- What was filled in afterwards, and what was no price, is no tick.
SELECT
    toUnixTimestamp(window_start) AS second,
    broker,
    groupUniqArrayIf(symbol, symbol != '' AND ticks > backfilled + invalid) AS symbols
FROM quality_windows
WHERE window_start >= {from:DateTime64(6, 'UTC')} AND window_start < {to:DateTime64(6, 'UTC')}
GROUP BY second, broker
HAVING sum(heartbeats) > 0 OR sum(ticks) > sum(backfilled)
ORDER BY second, broker

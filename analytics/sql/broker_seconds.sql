-- Question: second by second, what came from each broker, and what of one symbol?
-- Grain:    one row per (broker, second) in which anything came from the broker
-- Params:   symbol String, from DateTime64 inclusive, to DateTime64 exclusive: the sessions' clock
--
-- Latencies are in µs, the broker's clock offset included; NULL where it sends no time, or nothing of the symbol came.
-- mid: of the last tick that was believed; spread_mean: of all with both sides.
SELECT
    broker,
    toUnixTimestamp(window_start) AS second,
    sumIf(ticks, symbol = {symbol:String}) AS ticks,
    sumIf(invalid + quarantined, symbol = {symbol:String}) AS faulty,
    maxIf(latency_p50_us, symbol = {symbol:String}) AS p50_us,
    maxIf(latency_p95_us, symbol = {symbol:String}) AS p95_us,
    maxIf(latency_p99_us, symbol = {symbol:String}) AS p99_us,
    maxIf(latency_max_us, symbol = {symbol:String}) AS max_us,
    maxIf(mid, symbol = {symbol:String}) AS mid,
    maxIf(spread_mean, symbol = {symbol:String}) AS spread_mean
FROM quality_windows
WHERE window_start >= {from:DateTime64(6, 'UTC')} AND window_start < {to:DateTime64(6, 'UTC')}
GROUP BY broker, second
ORDER BY second, broker

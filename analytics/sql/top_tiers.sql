-- Question: what does each tier publish, just now, and how quickly?
-- Grain:    one row per tier with records in the minute
-- Params:   to DateTime64: the end of the minute, by the sessions' clock
WITH dateDiff('us', greatest(as_of_time, due_time), published_time) / 1000 AS late_ms
SELECT
    tier,
    round(count() / 60, 2) AS records_per_s,
    uniqExact(symbol) AS symbols,
    round(quantileExact(0.50)(late_ms), 2) AS p50_ms,
    round(quantileExact(0.99)(late_ms), 2) AS p99_ms
FROM tier_quotes
WHERE published_time >= {to:DateTime64(6, 'UTC')} - INTERVAL 60 SECOND AND published_time < {to:DateTime64(6, 'UTC')}
GROUP BY tier
ORDER BY tier

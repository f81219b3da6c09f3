-- Question: how long did records take through the pipeline?
-- Grain:    one row
-- Params:   tier String, symbols Array(String): empty for all of the tier's,
--           from DateTime64 inclusive, to DateTime64 exclusive: the sessions' clock
--
-- Pipeline latency is published - max(as_of, due); what the tier's interval holds back on purpose is not in it.
SELECT
    count() AS records,
    quantileExactOrNull(0.50)(late_us) / 1000 AS p50_ms,
    quantileExactOrNull(0.95)(late_us) / 1000 AS p95_ms,
    quantileExactOrNull(0.99)(late_us) / 1000 AS p99_ms,
    avgOrNull(late_us) / 1000 AS mean_ms
FROM
(
    SELECT dateDiff('us', greatest(as_of_time, due_time), published_time) AS late_us
    FROM tier_quotes
    WHERE tier = {tier:String}
        AND published_time >= {from:DateTime64(6, 'UTC')} AND published_time < {to:DateTime64(6, 'UTC')}
        AND (empty({symbols:Array(String)}) OR has({symbols:Array(String)}, symbol))
)

-- Question: of what a tier published, how much was in time, and how many updates did it cover in time?
-- Grain:    one row per (symbol, ten seconds of published_time) with records
-- Params:   tier String, interval_us Int64 and latency_us Int64: what the tier promises,
--           from DateTime64 inclusive, to DateTime64 exclusive: the sessions' clock, multiples of ten seconds
--
-- Pipeline latency is published - max(as_of, due). A record covers the update it tells and those it replaced. All came
-- after the release before it, so where the record is in time, so is each of them. Where it is late, the newest is covered
-- if it was told within interval and latency of its coming; when the others came is not kept: they count as not covered.
WITH dateDiff('us', greatest(as_of_time, due_time), published_time) AS late_us
SELECT
    toString(symbol) AS symbol,
    intDiv(toUnixTimestamp(published_time), 10) * 10 AS start,
    count() AS records,
    countIf(late_us <= {latency_us:Int64}) AS timely,
    sum(conflated_count + 1) AS updates,
    sum(multiIf(
        late_us <= {latency_us:Int64}, conflated_count + 1,
        dateDiff('us', as_of_time, published_time) <= {interval_us:Int64} + {latency_us:Int64}, 1,
        0)) AS covered
FROM tier_quotes
WHERE tier = {tier:String}
    AND published_time >= {from:DateTime64(6, 'UTC')} AND published_time < {to:DateTime64(6, 'UTC')}
GROUP BY symbol, start
ORDER BY symbol, start

-- Question: how much of what was promised was kept, for whoever has bought these symbols of a tier?
-- Grain:    one row per (objective, span of grain_s seconds from `from` on) with slices
-- Params:   tier String, symbols Array(String): empty for all of the tier's, grain_s UInt32,
--           from DateTime64 inclusive, to DateTime64 exclusive: the sessions' clock
--
-- latency, completeness: occurrences, good of total. uptime, redundancy: slices of time, each good where at least 95 % of the
-- symbols are; one without symbols is none. unmeasured: slices in which nobody was heard, which are bad.
WITH
    picked AS
    (
        SELECT
            objective,
            slice_start,
            objective IN ('latency', 'completeness') AS is_share,
            arrayFilter(i -> empty({symbols:Array(String)}) OR has({symbols:Array(String)}, symbols[i]), arrayEnumerate(symbols)) AS at,
            arrayMap(i -> good[i], at) AS goods,
            arrayMap(i -> total[i], at) AS totals,
            arrayCount((g, t) -> g >= t, goods, totals) AS fine,
            if(is_share, arraySum(goods), toUInt64(notEmpty(at) AND fine * 100 >= 95 * length(at))) AS good_events,
            if(is_share, arraySum(totals), toUInt64(notEmpty(at))) AS events,
            has(causes, 'unmeasured') AS is_unmeasured
        FROM sla_slices FINAL
        WHERE tier = {tier:String}
            AND slice_start >= {from:DateTime64(6, 'UTC')} AND slice_start < {to:DateTime64(6, 'UTC')}
    )
SELECT
    objective,
    intDiv(toUnixTimestamp(slice_start) - toUnixTimestamp({from:DateTime64(6, 'UTC')}), {grain_s:UInt32}) AS span,
    sum(good_events) AS good,
    sum(events) AS total,
    count() AS slices,
    countIf(is_unmeasured) AS unmeasured
FROM picked
GROUP BY objective, span
ORDER BY objective, span

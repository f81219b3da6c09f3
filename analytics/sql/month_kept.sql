-- Question: how much of what was promised was kept, for all who have bought these symbols of a tier, each since another moment?
-- Grain:    one row per (since, objective)
-- Params:   tier String, symbols Array(String): empty for all of the tier's, since Array(UInt32): seconds since 1970,
--           to DateTime exclusive: the sessions' clock
--
-- What sla_judged.sql tells of [since, to), for many moments at once.
WITH
    moments AS
    (
        SELECT {tier:String} AS of_tier, toDateTime(arrayJoin(arrayDistinct({since:Array(UInt32)})), 'UTC') AS since
    ),
    picked AS
    (
        SELECT
            toString(tier) AS of_tier,
            toString(objective) AS objective,
            slice_start,
            objective IN ('latency', 'completeness') AS is_share,
            arrayFilter(i -> empty({symbols:Array(String)}) OR has({symbols:Array(String)}, symbols[i]), arrayEnumerate(symbols)) AS at,
            arrayMap(i -> good[i], at) AS goods,
            arrayMap(i -> total[i], at) AS totals,
            arrayCount((g, t) -> g >= t, goods, totals) AS fine,
            if(is_share, arraySum(goods), toUInt64(notEmpty(at) AND fine * 100 >= 95 * length(at))) AS good_events,
            if(is_share, arraySum(totals), toUInt64(notEmpty(at))) AS events
        FROM sla_slices FINAL
        WHERE tier = {tier:String} AND slice_start < {to:DateTime('UTC')}
            AND slice_start >= toDateTime(arrayMin({since:Array(UInt32)}), 'UTC')
    ),
    cut AS
    (
        SELECT moments.since AS since, picked.objective AS objective, sum(picked.good_events) AS good, sum(picked.events) AS total
        FROM picked
        ASOF INNER JOIN moments ON moments.of_tier = picked.of_tier AND picked.slice_start >= moments.since
        GROUP BY since, objective
        UNION ALL
        SELECT since, arrayJoin(['latency', 'completeness', 'uptime', 'redundancy']), 0, 0 FROM moments
    )
SELECT
    since,
    objective,
    sum(sum(good)) OVER later AS good,
    sum(sum(total)) OVER later AS total
FROM cut
GROUP BY since, objective
WINDOW later AS (PARTITION BY objective ORDER BY since ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)
ORDER BY since, objective

-- Question: how much of a span was each tier up, and how much of what moved did it cover, day by day?
-- Grain:    one row per tier, one per day, and one for all; `what` says which
-- Params:   from Date inclusive, to Date exclusive
--
-- up of slices: slices of uptime in which at least 95 % of the tier's symbols were up. covered of updates: of completeness. unmeasured:
-- slices of uptime in which nobody was heard, which are bad.
WITH
    picked AS
    (
        SELECT
            toString(tier) AS tier,
            toDate(slice_start) AS day,
            objective = 'uptime' AS is_time,
            arrayCount((g, t) -> g >= t, good, total) * 100 >= 95 * length(symbols) AS is_up,
            arraySum(good) AS goods,
            arraySum(total) AS totals,
            has(causes, 'unmeasured') AS is_unmeasured
        FROM sla_slices FINAL
        WHERE objective IN ('uptime', 'completeness') AND notEmpty(symbols)
            AND slice_start >= toDateTime({from:Date}, 'UTC') AND slice_start < toDateTime({to:Date}, 'UTC')
    )
SELECT
    multiIf(grouping(tier) = 0, 'tier', grouping(day) = 0, 'day', 'all') AS what,
    tier,
    day,
    countIf(is_time AND is_up) AS up,
    countIf(is_time) AS slices,
    countIf(is_time AND is_unmeasured) AS unmeasured,
    sumIf(goods, NOT is_time) AS covered,
    sumIf(totals, NOT is_time) AS updates
FROM picked
GROUP BY GROUPING SETS ((tier), (day), ())
ORDER BY what, tier, day

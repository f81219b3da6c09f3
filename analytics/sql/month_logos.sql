-- Question: which customers who pay did a span bring, keep and lose?
-- Grain:    one row
-- Params:   from Date inclusive, to Date exclusive
--
-- opening: pay on the day before the span; closing: pay on its last day. So who leaves with the end of a month is lost to the
-- next one, and none is counted twice. gone: has no subscription on the last day; downgraded: has one that costs nothing.
-- contracted, expanded: pay less, more than before. returned: opening and closing, and did not pay on some day between.
-- passed: neither, but paid on some day between.
WITH
    tenants AS
    (
        SELECT
            tenant,
            sumIf(price_microusd, toInt32(from_date) < toInt32({from:Date}) AND until >= toInt32({from:Date})) AS before,
            sumIf(price_microusd, toInt32(from_date) < toInt32({to:Date}) AND until >= toInt32({to:Date})) AS after,
            countIf(toInt32(from_date) < toInt32({to:Date}) AND until >= toInt32({to:Date})) > 0 AS is_served,
            sumIf(
                greatest(least(until, toInt32({to:Date})) - greatest(toInt32(from_date), toInt32({from:Date})), 0), price_microusd > 0
            ) AS paid_days
        FROM
        (
            SELECT *, toInt32(coalesce(to_date, toDate32('2299-12-31'))) AS until FROM ops_subscriptions
        )
        GROUP BY tenant
    )
SELECT
    countIf(before > 0) AS opening,
    countIf(before = 0 AND after > 0) AS came,
    countIf(before > 0 AND after = 0 AND NOT is_served) AS gone,
    countIf(before > 0 AND after = 0 AND is_served) AS downgraded,
    countIf(after > 0) AS closing,
    countIf(before > after AND after > 0) AS contracted,
    countIf(after > before AND before > 0) AS expanded,
    countIf(before > 0 AND after > 0 AND paid_days < toInt32({to:Date}) - toInt32({from:Date})) AS returned,
    countIf(before = 0 AND after = 0 AND paid_days > 0) AS passed,
    sumIf(before, after = 0) AS lost_microusd,
    sumIf(before - after, before > after AND after > 0) AS contracted_microusd,
    sumIf(after - before, after > before AND before > 0) AS expanded_microusd,
    sumIf(after, before = 0) AS came_microusd
FROM tenants

-- Question: what was recognised of each tenant, what was allocated to it, and what is left?
-- Grain:    one row per tenant that anything is known of
-- Params:   tenant String: empty for all, from Date inclusive, to Date exclusive
--
-- Whole micro-dollars. revenue: what the days of the span earned, less approved credits, of which each day bears its part as it
-- earns its part of a price; NULL where no subscription of the tenant is recorded. cost: all corrections; NULL where of a month
-- that the span touches nothing is stored. margin_percent: NULL besides where there is no revenue to divide by.
WITH
    days AS
    (
        SELECT toDate(arrayJoin(range(toUInt32({from:Date}), toUInt32({to:Date})))) AS day
    ),
    is_costed AS
    (
        SELECT count() = 0 AS yes FROM (SELECT DISTINCT toStartOfMonth(day) AS month FROM days)
        WHERE month NOT IN (SELECT month FROM cost_allocations)
    ),
    spans AS
    (
        SELECT toStartOfMonth(day) AS month, toDayOfMonth(min(day)) - 1 AS before, toDayOfMonth(max(day)) AS upto,
            toDayOfMonth(toLastDayOfMonth(month)) AS length
        FROM days GROUP BY month
    ),
    told AS
    (
        SELECT DISTINCT toString(tenant) AS tenant, 'known' AS what, toInt64(0) AS microusd FROM ops_subscriptions
        UNION ALL
        SELECT toString(tenant), 'earned', sum(microusd) FROM revenue_days WHERE day >= {from:Date} AND day < {to:Date} GROUP BY tenant
        UNION ALL
        SELECT toString(tenant), 'credited',
            toInt64(sum(intDiv(toInt128(microusd) * upto, length) - intDiv(toInt128(microusd) * before, length)))
        FROM approved_credits INNER JOIN spans ON toDate(approved_credits.month) = spans.month
        GROUP BY tenant
        UNION ALL
        SELECT toString(tenant), 'allocated', sum(microusd) FROM cost_allocations
        WHERE line = 'allocated' AND tenant != '' AND day >= {from:Date} AND day < {to:Date}
        GROUP BY tenant
    )
SELECT
    tenant,
    if(countIf(what = 'known') > 0, sumIf(microusd, what = 'earned'), NULL) AS earned_microusd,
    sumIf(microusd, what = 'credited') AS credited_microusd,
    earned_microusd - credited_microusd AS revenue_microusd,
    if((SELECT yes FROM is_costed), sumIf(microusd, what = 'allocated'), NULL) AS cost_microusd,
    revenue_microusd - cost_microusd AS profit_microusd,
    if(revenue_microusd > 0, round(100 * profit_microusd / revenue_microusd, 2), NULL) AS margin_percent
FROM told
WHERE {tenant:String} IN ('', tenant)
GROUP BY tenant
ORDER BY tenant

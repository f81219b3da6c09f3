-- Question: what did a paying tenant bring in on average over a span, before credits?
-- Grain:    one row
-- Params:   from first day, to the day after the last one
SELECT
    sum(microusd) AS revenue_microusd,
    uniqExactIf(tenant, microusd > 0) AS tenants,
    if(tenants = 0, NULL, intDiv(2 * toInt128(revenue_microusd) + tenants, 2 * tenants)) AS mean_microusd,
    countIf(source = 'synthetic') > 0 AS synthetic
FROM revenue_days
WHERE day >= {from:Date} AND day < {to:Date}

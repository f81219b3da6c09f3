-- Question: how much was consumed of each tier, day by day, and by how many tenants?
-- Grain:    one row per (day, tier) with consumption
-- Params:   from Date inclusive, to Date exclusive
SELECT day, toString(tier) AS tier, sum(ticks) AS consumed, uniqExactIf(tenant, ticks > 0) AS tenants
FROM consumption_days FINAL
WHERE day >= {from:Date} AND day < {to:Date}
GROUP BY day, tier
HAVING consumed > 0
ORDER BY day, tier

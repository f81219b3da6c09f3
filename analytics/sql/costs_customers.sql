-- Question: how many tenants consumed a tick in a month?
-- Grain:    one row
-- Params:   from Date inclusive, to Date exclusive
SELECT uniqExactIf(tenant, ticks > 0) AS customers, count() AS rows
FROM consumption_days FINAL
WHERE day >= {from:Date} AND day < {to:Date}

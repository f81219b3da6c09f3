-- Question: what did one tenant consume, day by day?
-- Grain:    one row per day with consumption
-- Params:   tenant String, from Date inclusive, to Date exclusive
SELECT day, sum(of_symbol.ticks) AS ticks
FROM consumption_days AS of_symbol FINAL
WHERE tenant = {tenant:String} AND day >= {from:Date} AND day < {to:Date}
GROUP BY day
HAVING ticks > 0
ORDER BY day

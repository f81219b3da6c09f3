-- Question: which cost of a month is nobody's, and why?
-- Grain:    one row per (charge, rule, reason, tier, broker, symbol)
-- Params:   from Date: the month
SELECT
    toString(charge) AS charge,
    toString(service) AS service,
    toString(rule) AS rule,
    toString(method) AS reason,
    toString(tier) AS tier,
    toString(broker) AS broker,
    toString(symbol) AS symbol,
    uniqExact(day) AS days,
    sum(microusd) AS cost_microusd
FROM cost_allocations
WHERE month = {from:Date} AND line = 'unallocated'
GROUP BY charge, service, rule, method, tier, broker, symbol
HAVING cost_microusd != 0
ORDER BY abs(cost_microusd) DESC, charge, rule, reason, tier, broker, symbol

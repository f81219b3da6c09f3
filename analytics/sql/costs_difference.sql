-- Question: by which rows does a charge's allocation in a table differ from that in cost_allocations, over all corrections?
-- Grain:    one row per row to be added to cost_allocations
-- Params:   table Identifier: of the shape of cost_allocations, from Date: the month, charge String, correction UInt16: theirs
SELECT
    month, {correction:UInt16} AS correction, line, tenant, tier, broker, symbol, day, charge, service, class, rule, rule_version, method,
    toInt64(sum(weights)) AS weight, toInt64(sum(money)) AS microusd, source
FROM
(
    SELECT *, weight AS weights, microusd AS money FROM {table:Identifier}
    WHERE month = {from:Date} AND charge = {charge:String}
    UNION ALL
    SELECT *, -weight AS weights, -microusd AS money FROM cost_allocations
    WHERE month = {from:Date} AND charge = {charge:String}
)
GROUP BY month, line, tenant, tier, broker, symbol, day, charge, service, class, rule, rule_version, method, source
HAVING weight != 0 OR microusd != 0
ORDER BY line, tenant, tier, broker, symbol, day, rule, rule_version, method

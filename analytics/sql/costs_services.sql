-- Question: by which rules and methods were a month's services shared?
-- Grain:    one row per (service, class, rule, rule_version, method, line)
-- Params:   from Date: the month
SELECT
    toString(service) AS service,
    toString(class) AS class,
    toString(rule) AS rule,
    toString(rule_version) AS rule_version,
    toString(method) AS method,
    toString(line) AS line,
    uniqExact(charge) AS charges,
    sum(microusd) AS cost_microusd
FROM cost_allocations
WHERE month = {from:Date}
GROUP BY service, class, rule, rule_version, method, line
HAVING cost_microusd != 0
ORDER BY service, class, rule, rule_version, method, line

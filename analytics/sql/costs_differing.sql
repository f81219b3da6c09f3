-- Question: which charges are allocated in another way in a table than in cost_allocations, over all corrections?
-- Grain:    one row per charge that differs
-- Params:   table Identifier: of the shape of cost_allocations, from Date: the month
--
-- Compared by a sum over their rows, of each row's hash times its money and its weight: rows that take each other back count for
-- nothing, in whatever order they lie.
SELECT charge
FROM
(
    SELECT toString(charge) AS charge, 1 AS side, cityHash64(
        line, tenant, tier, broker, symbol, day, service, class, rule, rule_version, method, source
    ) AS whose, weight, microusd
    FROM {table:Identifier}
    WHERE month = {from:Date}
    UNION ALL
    SELECT toString(charge), -1, cityHash64(
        line, tenant, tier, broker, symbol, day, service, class, rule, rule_version, method, source
    ), weight, microusd
    FROM cost_allocations
    WHERE month = {from:Date}
)
GROUP BY charge
HAVING sumWithOverflow(toUInt64(whose * side * microusd)) != 0 OR sumWithOverflow(toUInt64(intHash64(whose) * side * weight)) != 0
ORDER BY charge

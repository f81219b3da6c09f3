-- Question: how was the cost of a month allocated?
-- Grain:    one row per (line, class)
-- Params:   from Date: the month
SELECT toString(line) AS line, toString(class) AS class, count() AS rows, sum(microusd) AS microusd
FROM cost_allocations
WHERE month = {from:Date}
GROUP BY line, class
ORDER BY line, class

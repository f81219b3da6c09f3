-- Question: what did a month cost by tier, by broker, by symbol and by day?
-- Grain:    one row per (dimension, name); an empty name: not told apart
-- Params:   from Date: the month
SELECT
    part.1 AS dimension,
    part.2 AS name,
    sumIf(microusd, line = 'allocated') AS allocated_microusd,
    sumIf(microusd, line = 'idle') AS idle_microusd,
    sumIf(microusd, line = 'unallocated') AS unallocated_microusd
FROM
(
    SELECT tier, broker, symbol, day, line, sum(microusd) AS microusd
    FROM cost_allocations
    WHERE month = {from:Date}
    GROUP BY tier, broker, symbol, day, line
)
ARRAY JOIN
    [('tier', toString(tier)), ('broker', toString(broker)), ('symbol', toString(symbol)), ('day', toString(day))] AS part
GROUP BY part
ORDER BY part

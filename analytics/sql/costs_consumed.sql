-- Question: who consumed how much of which broker's prices?
-- Grain:    one row per (day, tenant, tier, broker, symbol); day counts from `from`
-- Params:   from Date inclusive, to Date exclusive
--
-- In halves: a tick is one half for its best bid's broker and one for its best ask's. Halves that nobody is named for, and those that
-- a one-sided record does not have, are the empty broker's: so all halves are twice the ticks.
SELECT
    toInt32(day - {from:Date}) AS day,
    tenant,
    tier,
    broker,
    symbol,
    toInt64(sum(weight)) AS weight
FROM
(
    SELECT
        day,
        tenant,
        tier,
        symbol,
        arrayJoin(arrayZip(
            arrayConcat(arrayMap(name -> toString(name), brokers), ['']),
            arrayConcat(halves, [toUInt64(2 * ticks - least(arraySum(halves), 2 * ticks))])
        )) AS half,
        half.1 AS broker,
        half.2 AS weight
    FROM consumption_days FINAL
    WHERE day >= {from:Date} AND day < {to:Date}
)
GROUP BY day, tenant, tier, broker, symbol
HAVING weight > 0
ORDER BY tenant, day, tier, broker, symbol

-- Question: who consumed how much of which broker's prices?
-- Grain:    one row per (day, tenant, tier, symbol, broker), the empty broker twice at most; day counts from `from`
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
    toInt64(half) AS weight
FROM
(
    SELECT
        day,
        tenant,
        tier,
        symbol,
        arrayConcat(brokers, [toLowCardinality('')]) AS all_brokers,
        arrayConcat(halves, [toUInt64(2 * ticks - least(arraySum(halves), 2 * ticks))]) AS all_halves
    FROM consumption_days FINAL
    WHERE day >= {from:Date} AND day < {to:Date} AND ticks > 0
)
ARRAY JOIN all_brokers AS broker, all_halves AS half
WHERE half > 0
ORDER BY tenant, day, tier, symbol, broker, half

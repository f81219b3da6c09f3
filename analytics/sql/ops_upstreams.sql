-- Question: which brokers resell whose prices, by the contracts in force on a day? Generated contracts bind nobody.
-- Grain:    one row per broker that resells
-- Params:   day
SELECT broker, upstream
FROM ops_broker_contracts
WHERE source = 'real' AND upstream IS NOT NULL
    AND from_date <= {day:Date} AND (to_date IS NULL OR to_date > {day:Date})
ORDER BY broker

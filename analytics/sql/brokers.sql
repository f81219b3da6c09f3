-- Question: what came from each broker?
-- Grain:    one row per broker
-- Params:   none
--
-- ticks counts every stored record, redelivered ones included; crossed and locked are of the broker's own two sides.
SELECT
    broker,
    count() AS ticks,
    uniqExact(symbol) AS symbols,
    countIf(bid > 0 AND ask > 0 AND ask < bid) AS crossed,
    countIf(bid > 0 AND ask > 0 AND ask = bid) AS locked,
    min(received_time) AS first_received,
    max(received_time) AS last_received
FROM ticks
GROUP BY broker
ORDER BY broker

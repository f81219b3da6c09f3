-- Question: what did each tier publish, what did it conflate, and is an update there twice?
-- Grain:    one row per tier
-- Params:   none
--
-- updates numbers a symbol's composites from 1; each is published, or conflated into a later one that is: records +
-- conflated = updates.
SELECT
    tier,
    sum(records) AS records,
    sum(conflated) AS conflated,
    sum(updates) AS updates,
    sum(repeated) AS repeated,
    arraySort(groupArray(symbol)) AS symbols
FROM
(
    SELECT
        tier,
        toString(symbol) AS symbol,
        count() AS records,
        sum(conflated_count) AS conflated,
        max(upto_sequence) AS updates,
        count() - uniqExact(upto_sequence) AS repeated
    FROM tier_quotes
    GROUP BY tier, symbol
)
GROUP BY tier
ORDER BY tier

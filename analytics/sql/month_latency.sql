-- Question: how long did records of each tier take?
-- Grain:    one row per tier, and one of the empty name for all of them
-- Params:   from Date inclusive, to Date exclusive
--
-- pipeline_us: the sum over all records of published - max(as_of, due); waited_us: over `timed` ones of published - received,
-- conflation included. p50, p95, p99: so long at most, by the upper edge of the bucket, which is 9 % above its lower one.
-- octaves: n counts, in `counts`, the records of 2^n us up to twice that; 0: below 2 us.
WITH
    summed AS
    (
        SELECT
            toString(tier) AS tier,
            sum(records) AS records,
            sum(pipeline_us) AS pipeline_us,
            sum(timed) AS timed,
            sum(waited_us) AS waited_us,
            sumMap(arraySort(mapKeys(pipeline)), arrayMap(key -> pipeline[key], arraySort(mapKeys(pipeline)))) AS buckets,
            sumMap(arrayMap(key -> intDiv(key, 8), mapKeys(pipeline)), mapValues(pipeline)) AS by_octave,
            arrayCumSum(buckets.2) AS counted
        FROM tier_hours FINAL
        WHERE hour >= toDateTime({from:Date}, 'UTC') AND hour < toDateTime({to:Date}, 'UTC')
        GROUP BY GROUPING SETS ((tier), ())
    )
SELECT
    tier,
    records,
    pipeline_us,
    timed,
    waited_us,
    round(pow(2, (buckets.1[arrayFirstIndex(n -> n * 100 >= 50 * counted[-1], counted)] + 1) / 8) / 1000, 3) AS p50_ms,
    round(pow(2, (buckets.1[arrayFirstIndex(n -> n * 100 >= 95 * counted[-1], counted)] + 1) / 8) / 1000, 3) AS p95_ms,
    round(pow(2, (buckets.1[arrayFirstIndex(n -> n * 100 >= 99 * counted[-1], counted)] + 1) / 8) / 1000, 3) AS p99_ms,
    by_octave.1 AS octaves,
    by_octave.2 AS counts
FROM summed
WHERE records > 0
ORDER BY tier

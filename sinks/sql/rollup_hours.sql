-- Question: what did the tiers publish in some hours?
-- Grain:    one row per (tier, symbol, hour, topic_id, partition)
-- Params:   halves: rollup_halves.sql of the hours' records; hours: a condition on hour
--
-- An hour of which fewer records are stored than were once counted has lost some since: nothing more is told of it, even where
-- a broker's name has been found meanwhile.
INSERT INTO tier_hours
(
    tier, symbol, hour, topic_id, partition, first_offset, last_offset, records, conflated, usable, timed, waited_us, pipeline_us,
    pipeline, brokers, halves, version, computed_at
)
SELECT fresh.*, now64(6, 'UTC')
FROM
(
    SELECT
        tier, symbol, hour, topic_id, partition,
        min(offset),
        max(offset),
        count() AS records,
        sum(conflated),
        sum(usable),
        sum(timed),
        sum(waited_us),
        sum(pipeline_us),
        sumMap(map(toUInt16(if(pipeline_us < 1, 0, floor(8 * log2(pipeline_us)))), 1::UInt64)),
        (sumMap(names, arrayMap(name -> 1::UInt64, names)) AS shares).1,
        shares.2,
        records + arraySum((name, half) -> if(name = '', 0, half), shares.1, shares.2)
    FROM ({{halves}})
    GROUP BY tier, symbol, hour, topic_id, partition
) AS fresh
LEFT JOIN
(
    SELECT tier, symbol, hour, topic_id, partition, records FROM tier_hours FINAL WHERE {{hours}}
) AS told
ON fresh.tier = told.tier AND fresh.symbol = told.symbol AND fresh.hour = told.hour AND fresh.topic_id = told.topic_id
    AND fresh.partition = told.partition
WHERE fresh.records >= told.records

-- Question: how long did a tick take from its broker's topic to each tier's topic, by the Kafka cluster's own clock?
-- Grain:    one row per tier that has such records
-- Params:   none
--
-- Of records that the tier's interval did not hold back (due_time <= as_of_time): append time of the record less append
-- time of the newest tick among the offsets it covers. Left out is what a timer caused, at a whole second behind the last
-- tick: a broker that fell silent has no tick to count from. Append times are whole milliseconds.
WITH
    covered AS
    (
        SELECT
            tier, topic_id, partition, offset, append_time, as_of_time,
            sources.broker AS source_broker, sources.offset AS source_offset
        FROM tier_quotes
        ARRAY JOIN sources
        WHERE due_time <= as_of_time
    ),
    caused AS
    (
        SELECT
            covered.tier AS tier,
            any(covered.append_time) AS told_at,
            max(ticks.append_time) AS heard_at,
            any(covered.as_of_time) AS as_of,
            max(ticks.received_time) AS received
        FROM covered
        INNER JOIN ticks
            ON ticks.broker = covered.source_broker
            AND ticks.partition = covered.partition
            AND ticks.offset = covered.source_offset
        GROUP BY covered.tier, covered.topic_id, covered.partition, covered.offset
    )
SELECT
    tier,
    count() AS records,
    quantileExact(0.50)(toUnixTimestamp64Milli(told_at) - toUnixTimestamp64Milli(heard_at)) AS p50_ms,
    quantileExact(0.99)(toUnixTimestamp64Milli(told_at) - toUnixTimestamp64Milli(heard_at)) AS p99_ms
FROM caused
WHERE received = as_of OR toUnixTimestamp64Micro(as_of) % 1000000 != 0
GROUP BY tier
ORDER BY tier

-- Question: on which days were the records published that ranges told since a moment go over?
-- Grain:    one row per day, the ones before the first hour of tier_hours left out
-- Params:   since: µs of stored_at
--
-- All tenants' ranges together are few islands, most often one to a partition.
WITH
    told AS
    (
        SELECT DISTINCT
            toUUIDOrZero(read_topic_id) AS of_topic, toUInt32(read_partition) AS of_partition,
            assumeNotNull(from_offset) AS first, to_offset AS past
        FROM usage_ranges
        WHERE stored_at >= fromUnixTimestamp64Micro({{since}}, 'UTC') AND kind = 'CONSUMED' AND from_offset < to_offset
    ),
    islands AS
    (
        SELECT of_topic, of_partition, min(first) AS first, max(past) AS past
        FROM
        (
            SELECT *, sum(begins) OVER (
                PARTITION BY of_topic, of_partition ORDER BY first, past ROWS UNBOUNDED PRECEDING
            ) AS island
            FROM
            (
                SELECT *, first > max(past) OVER (
                    PARTITION BY of_topic, of_partition ORDER BY first, past ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                ) AS begins
                FROM told
            )
        )
        GROUP BY of_topic, of_partition, island
    )
SELECT DISTINCT toString(toDate(hours.hour))
FROM
(
    SELECT topic_id, partition, hour, min(first_offset) AS first_offset, max(last_offset) AS last_offset
    FROM tier_hours FINAL
    GROUP BY topic_id, partition, hour
) AS hours
INNER JOIN islands ON hours.topic_id = islands.of_topic AND hours.partition = islands.of_partition
WHERE islands.first <= hours.last_offset AND islands.past > hours.first_offset

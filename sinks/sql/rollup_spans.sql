-- Question: which spans of offsets did every tenant consume of one day, and which of the day's hours do their ends cut?
-- Grain:    rows of a WITH clause: `spans` has one per (tenant, topic_id, partition, first, past), `cuts` one per end and hour
-- Params:   day: its first moment; brokers: whose halves `sums` is to have, in this order
--
-- sums: records, conflated, usable, timed, waited_us, then the halves of each broker.
WITH
    toDateTime('{{day}}', 'UTC') AS begin,
    begin + INTERVAL 1 DAY AS following,
    {{brokers}}::Array(String) AS known,
    hours AS
    (
        SELECT
            tier::String AS tier, symbol::String AS symbol, hour, topic_id, partition, first_offset, last_offset, version,
            bitShiftLeft(1::Int64, toHour(hour)) AS bit,
            arrayConcat(
                [records, conflated, usable, timed, waited_us]::Array(Int64),
                arrayMap(name -> halves[indexOf(brokers::Array(String), name)], known)::Array(Int64)
            ) AS sums
        FROM tier_hours FINAL
        WHERE hour >= begin AND hour < following
    ),
    bounds AS
    (
        SELECT topic_id, partition, min(first_offset) AS low, max(last_offset) + 1 AS high FROM hours GROUP BY topic_id, partition
    ),
    -- Of a group that went back each pass counts as read, and their union as consumed; of others both are the same.
    told AS
    (
        SELECT *, min(pass) OVER everything != max(pass) OVER everything AS again
        FROM
        (
            SELECT
                tenant, consumer_group, bounds.topic_id AS topic_id, bounds.partition AS partition, pass,
                greatest(assumeNotNull(from_offset), low) AS first, least(to_offset, high) AS past
            FROM usage_ranges
            INNER JOIN bounds ON toUUIDOrZero(read_topic_id) = bounds.topic_id AND toUInt32(read_partition) = bounds.partition
            WHERE kind = 'CONSUMED' AND from_offset < to_offset AND from_offset < high AND to_offset > low
        )
        WINDOW everything AS (PARTITION BY tenant, consumer_group, topic_id, partition)
    ),
    tagged AS
    (
        SELECT
            tenant, consumer_group, topic_id, partition, again, first, past,
            arrayJoin(if(again, [(true, 0::Int64), (false, pass)], [(true, 0::Int64)])) AS tag
        FROM told
    ),
    -- The spans of all of a tenant's groups, by how often each counts as consumed and as replayed.
    spans AS
    (
        SELECT
            tenant, topic_id, partition, first, past,
            sum(united) AS consumed, sum(if(united, if(again, -1, 0), 1)) AS replayed
        FROM
        (
            SELECT tenant, topic_id, partition, tag.1 AS united, again, min(first) AS first, max(past) AS past
            FROM
            (
                SELECT *, sum(begins) OVER (
                    PARTITION BY tenant, consumer_group, topic_id, partition, tag ORDER BY first, past ROWS UNBOUNDED PRECEDING
                ) AS island
                FROM
                (
                    SELECT *, first > max(past) OVER (
                        PARTITION BY tenant, consumer_group, topic_id, partition, tag ORDER BY first, past
                        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                    ) AS begins
                    FROM tagged
                )
            )
            GROUP BY tenant, consumer_group, topic_id, partition, tag, again, island
        )
        GROUP BY tenant, topic_id, partition, first, past
    ),
    -- As a value: a subquery with a name is computed as often as it is named.
    (SELECT groupUniqArray((topic_id, partition, at)) FROM spans ARRAY JOIN [first, past] AS at) AS all_ends,
    ends AS
    (
        SELECT end.1 AS topic_id, end.2 AS partition, end.3 AS at FROM (SELECT arrayJoin(all_ends) AS end)
    ),
    cuts AS
    (
        SELECT tier, symbol, hour, hours.topic_id AS topic_id, hours.partition AS partition, bit, version, at
        FROM ends
        INNER JOIN hours ON ends.topic_id = hours.topic_id AND ends.partition = hours.partition
        WHERE first_offset < at AND at <= last_offset
    )

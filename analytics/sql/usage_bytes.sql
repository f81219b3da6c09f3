-- Question: how many bytes was a tenant sent, and how many do the commits of its groups explain?
-- Grain:    one row
-- Params:   tenant String, answer UInt32 and place UInt32: bytes of an answer without records, and of each partition in it,
--           idle UInt32: answers a second that find nothing, from DateTime64 inclusive, to DateTime64 exclusive: whole minutes
--
-- explained: the bytes of what was read, and the most that may have come with them: an answer for every offset, each with all
-- partitions of the topic in it, and those that a group gets while there is nothing.
-- nodes: that answered. asked_s: for so many seconds of the span, from the first minute on that a node answered, the rates
-- are known, minute by minute of the node that was seen least; one that is asked and does not answer is seen for none.
-- read: offsets of the union of ranges that the groups moved over, once per pass, committed from that minute on; skipped
-- ones were not read. A partition's bytes per offset are those of its log, as the nodes keep it, in the span. unsized: offsets
-- of partitions whose logs nobody saw.
WITH
    (
        SELECT minOrNull(minute)
        FROM principal_bytes
        WHERE principal = '' AND covered_s > 0
            AND minute >= {from:DateTime64(6, 'UTC')} AND minute < {to:DateTime64(6, 'UTC')}
    ) AS since,
    asked AS
    (
        SELECT minute, min(covered_s) AS known_s, groupUniqArrayIf(node, covered_s > 0) AS answered
        FROM principal_bytes FINAL
        WHERE principal = '' AND minute >= {from:DateTime64(6, 'UTC')} AND minute < {to:DateTime64(6, 'UTC')}
        GROUP BY minute
    ),
    told AS
    (
        SELECT DISTINCT consumer_group, read_topic, read_partition, pass, assumeNotNull(from_offset) AS first, to_offset AS past
        FROM usage_ranges
        WHERE tenant = {tenant:String} AND kind = 'CONSUMED' AND from_offset < to_offset
            AND committed_at >= since AND committed_at < {to:DateTime64(6, 'UTC')}
    ),
    islands AS
    (
        SELECT consumer_group, read_topic, read_partition, pass, max(past) - min(first) AS offsets
        FROM
        (
            SELECT *, sum(begins) OVER (
                PARTITION BY consumer_group, read_topic, read_partition, pass ORDER BY first, past ROWS UNBOUNDED PRECEDING
            ) AS island
            FROM
            (
                SELECT *, first > max(past) OVER (
                    PARTITION BY consumer_group, read_topic, read_partition, pass ORDER BY first, past
                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                ) AS begins
                FROM told
            )
        )
        GROUP BY consumer_group, read_topic, read_partition, pass, island
    ),
    sizes AS
    (
        SELECT
            topic,
            partition,
            sum(bytes) / sum(offsets) AS per_offset,
            {answer:UInt32} + {place:UInt32} * count() OVER (PARTITION BY topic) AS around
        FROM log_sizes FINAL
        WHERE minute >= {from:DateTime64(6, 'UTC')} AND minute < {to:DateTime64(6, 'UTC')}
        GROUP BY topic, partition
    )
SELECT
    (SELECT length(groupUniqArrayArray(answered)) FROM asked) AS nodes,
    since AS asked_from,
    (SELECT sum(known_s) FROM asked) AS asked_s,
    (
        SELECT sum(bytes) FROM principal_bytes FINAL
        WHERE principal = {tenant:String} AND minute >= {from:DateTime64(6, 'UTC')} AND minute < {to:DateTime64(6, 'UTC')}
    ) AS sent,
    sum(islands.offsets) AS read,
    sumIf(islands.offsets, sizes.per_offset = 0) AS unsized,
    uniqExact(islands.consumer_group) AS groups,
    toUInt64(round(sum(islands.offsets * sizes.per_offset))) AS records,
    toUInt64(round(
        sum(islands.offsets * (sizes.per_offset + sizes.around)) + groups * {idle:UInt32} * max(sizes.around) * asked_s
    )) AS explained
FROM islands
LEFT JOIN sizes ON sizes.topic = islands.read_topic AND sizes.partition = toUInt32(islands.read_partition)

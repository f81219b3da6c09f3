-- Question: which groups has a tenant, when did each last commit, and what of their ranges is not in tier_quotes?
-- Grain:    one row per (consumer_group, read_topic)
-- Params:   tenant String
--
-- A group stays here when its consumers have vanished: last_seen says since when. expired: offsets before the first record
-- that is still stored; pending: behind the last one. Control records are among both, so they are an upper bound.
SELECT
    consumer_group,
    read_topic,
    max(committed_at) AS last_seen,
    countIf(kind = 'START_UNKNOWN') > 0 AS start_unknown,
    sumIf(greatest(0, least(to_offset, stored.first) - ifNull(from_offset, to_offset)), kind = 'CONSUMED') AS expired,
    sumIf(greatest(0, to_offset - greatest(ifNull(from_offset, to_offset), stored.past)), kind = 'CONSUMED') AS pending
FROM
(
    SELECT DISTINCT consumer_group, read_topic, read_topic_id, read_partition, kind, from_offset, to_offset, committed_at
    FROM usage_ranges
    WHERE tenant = {tenant:String}
) AS told
LEFT JOIN
(
    SELECT toString(topic_id) AS read_topic_id, toInt32(partition) AS read_partition, min(offset) AS first, max(offset) + 1 AS past
    FROM tier_quotes
    GROUP BY topic_id, partition
) AS stored USING (read_topic_id, read_partition)
GROUP BY consumer_group, read_topic
ORDER BY consumer_group, read_topic

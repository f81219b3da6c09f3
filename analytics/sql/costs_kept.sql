-- Question: how large were the tiers' logs?
-- Grain:    one row per (day, topic); day counts from `from`
-- Params:   from Date inclusive, to Date exclusive
--
-- bytes: over all partitions and nodes, that is with the replicas, as they were on average over the minutes in which each was seen.
SELECT toInt32(day - {from:Date}) AS day, topic, toInt64(sum(mean)) AS bytes
FROM
(
    SELECT toDate(minute) AS day, topic, partition, node, intDiv(sum(bytes), count()) AS mean
    FROM log_sizes FINAL
    WHERE minute >= toDateTime({from:Date}, 'UTC') AND minute < toDateTime({to:Date}, 'UTC')
    GROUP BY day, topic, partition, node
)
GROUP BY day, topic
ORDER BY day, topic

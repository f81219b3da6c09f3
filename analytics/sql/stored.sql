-- Question: how many records of each topic are stored, and is one of them there twice?
-- Grain:    one row per topic
-- Params:   none
SELECT topic, count() AS rows, count() - uniqExact(topic_id, partition, offset) AS repeated
FROM
(
    SELECT topic, topic_id, partition, offset FROM ticks
    UNION ALL
    SELECT topic, topic_id, partition, offset FROM tier_quotes
    UNION ALL
    SELECT topic, topic_id, partition, offset FROM quality_windows
)
GROUP BY topic
ORDER BY topic

-- Question: of which partitions are stored ticks not in the bars yet?
-- Grain:    one row per (topic_id, partition) whose stored offsets and progress differ; times in µs
SELECT
    stored.topic_id,
    stored.partition,
    stored.following,
    toUnixTimestamp64Micro(stored.newest),
    progress.next_offset,
    toUnixTimestamp64Micro(progress.stored_at)
FROM
(
    SELECT topic_id, partition, max(offset) + 1 AS following, max(stored_at) AS newest
    FROM ticks
    GROUP BY topic_id, partition
) AS stored
LEFT JOIN
(
    SELECT topic_id, partition, next_offset, stored_at FROM bars_progress FINAL
) AS progress ON progress.topic_id = stored.topic_id AND progress.partition = stored.partition
WHERE stored.following != progress.next_offset

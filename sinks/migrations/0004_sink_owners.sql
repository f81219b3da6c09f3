-- Which sink may write a partition's rows. Taking over writes a row with the next epoch; every insert looks at it within
-- its own statement, so a sink that was suspended and wakes up late stores nothing.
CREATE TABLE IF NOT EXISTS sink_owners
(
    topic_id  UUID,
    partition UInt32,
    owner     String,
    epoch     UInt64,
    taken_at  DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(epoch)
ORDER BY (topic_id, partition)

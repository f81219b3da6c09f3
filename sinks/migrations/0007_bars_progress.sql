-- Up to which offset of each partition the ticks are in the bars. Written after the bars: a kill between the two repeats work
-- and loses none. Offsets, not times: rows of a partition are stored in the order of their offsets, so nothing can come
-- late behind this mark.
CREATE TABLE IF NOT EXISTS bars_progress
(
    topic_id    UUID,
    partition   UInt32,
    next_offset Int64,
    stored_at   DateTime64(6, 'UTC') COMMENT 'of the newest row below next_offset',
    computed_at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(computed_at)
ORDER BY (topic_id, partition)

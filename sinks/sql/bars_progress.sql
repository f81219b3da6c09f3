-- Question: up to where are the bars done?
-- Grain:    one row per (topic_id, partition) that was behind
-- Params:   rows: (topic_id, partition, next_offset, stored_at in µs), ...
INSERT INTO bars_progress (topic_id, partition, next_offset, stored_at)
SELECT topic_id, partition, next_offset, fromUnixTimestamp64Micro(stored_us, 'UTC')
FROM values('topic_id UUID, partition UInt32, next_offset Int64, stored_us Int64', {{rows}})

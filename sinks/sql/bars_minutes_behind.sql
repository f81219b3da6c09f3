-- Question: which minutes have ticks that the bars do not count yet?
-- Grain:    one row per (symbol, broker, minute)
-- Params:   keys: partitions; nexts: the offset up to which each is done; since: µs before which everything is done
SELECT DISTINCT symbol, broker, toStartOfMinute(received_time)
FROM ticks
WHERE stored_at >= fromUnixTimestamp64Micro({{since}}, 'UTC')
    AND (indexOf({{keys}}, (topic_id, partition)) AS behind) > 0
    AND offset >= {{nexts}}[behind]

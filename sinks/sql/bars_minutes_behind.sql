-- Question: which minutes have ticks that the bars do not count yet?
-- Grain:    one row per (symbol, broker, minute)
-- Params:   topic_ids; places: index of the topic's id * 65536 + partition; nexts: the offset up to which each place is
--           done; since: µs before which everything is done
--
-- `transform` looks up in a hash table: a fifth of the cost of searching an array of tuples, and flat in their number.
SELECT DISTINCT symbol, broker, toStartOfMinute(received_time)
FROM ticks
WHERE stored_at >= fromUnixTimestamp64Micro({{since}}, 'UTC')
    AND offset >= transform(
        transform(topic_id, {{topic_ids}}::Array(UUID), range({{topics}})::Array(Int64), -1::Int64) * 65536 + partition,
        {{places}}::Array(Int64),
        {{nexts}}::Array(Int64),
        9223372036854775807::Int64 -- what is not behind is not looked at
    )

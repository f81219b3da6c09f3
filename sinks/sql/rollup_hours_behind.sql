-- Question: which hours of publication have got records since a moment, or ticks that their best prices may be, and how many
--           records are there in each?
-- Grain:    one row per hour, in seconds since 1970
-- Params:   quotes_since, ticks_since: µs of stored_at
--
-- Ticks are looked for by their minute: there are few of those. And by that of ten seconds later, for so late a record may find
-- them (rollup_halves.sql). A record that names its brokers waits for none.
WITH
    minutes AS
    (
        SELECT DISTINCT
            symbol, arrayJoin([toStartOfMinute(received_time), toStartOfMinute(received_time + INTERVAL 10 SECOND)]) AS minute
        FROM ticks
        WHERE stored_at >= fromUnixTimestamp64Micro({{ticks_since}}, 'UTC') AND bitAnd(flags, 4) = 0 -- 4: BACKFILLED
            AND received_time >= '1970-01-01' AND received_time < '2106-01-01' -- what a DateTime can hold
    ),
    behind AS
    (
        SELECT toStartOfHour(published_time) AS hour
        FROM tier_quotes
        WHERE stored_at >= fromUnixTimestamp64Micro({{quotes_since}}, 'UTC')
            AND published_time >= '1970-01-01' AND published_time < '2106-01-01'
        UNION DISTINCT
        SELECT toStartOfHour(published_time)
        FROM tier_quotes
        WHERE stored_at < fromUnixTimestamp64Micro({{quotes_since}}, 'UTC')
            AND published_time >= (SELECT min(minute) FROM minutes) AND published_time < '2106-01-01'
            AND (bid_broker IS NULL OR ask_broker IS NULL)
            AND (
                (symbol, toStartOfMinute(as_of_time - toIntervalMicrosecond(ifNull(bid_age_us, 0)))) IN (SELECT symbol, minute FROM minutes)
                OR (symbol, toStartOfMinute(as_of_time - toIntervalMicrosecond(ifNull(ask_age_us, 0)))) IN (SELECT symbol, minute FROM minutes)
            )
    )
SELECT toUnixTimestamp(toStartOfHour(published_time) AS hour), count()
FROM tier_quotes
WHERE published_time >= (SELECT min(hour) FROM behind) AND published_time < (SELECT max(hour) FROM behind) + INTERVAL 1 HOUR
    AND hour IN (SELECT hour FROM behind)
GROUP BY hour
ORDER BY hour

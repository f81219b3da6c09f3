-- Question: how was each broker's symbol on one day?
-- Grain:    one row per (broker, symbol) that has a window of the day; the day is UTC, of received time
-- Params:   day: its first moment; scheduled: by broker the day's spans of market time, in seconds since 1970
--
-- expected, observed: as source_coverage.sql has them. A window that was told twice counts twice in sums, as everywhere, and once
-- in seconds.
-- Clock offset: the 1 % quantile of received - event over all ticks of a session, per UTC day instead of rolling: the least
-- that even quick ticks take. What is beyond a day from it is no latency, but a broken clock, and is taken as a day.
-- Near: as tierfeed/domain/selection.py has it live: a mid stands for up to a minute while its broker gives a sign of life, with the
-- spread of its second, and prices are whole hundredths of their last digit. But the median spread is that of the others
-- alone, as the mid's is: nobody's own spread makes it near.
-- version: of the day's windows and ticks, whoever's they are, since what others do counts here, too.
INSERT INTO broker_days
(
    broker, symbol, day, scheduled_s, live_s, expected_s, observed_s, ticks, duplicates, invalid, quarantined, crossed, missing,
    timed, prompt, feed_us, compared_s, near_s, version, computed_at
)
WITH
    toDateTime64('{{day}}', 6, 'UTC') AS begin,
    begin + INTERVAL 1 DAY AS following,
    {{scheduled}} AS spans,
    (SELECT count() FROM quality_windows WHERE window_start >= begin AND window_start < following) AS windows_seen,
    (SELECT count() FROM ticks WHERE received_time >= begin AND received_time < following) AS ticks_seen,
    counted AS
    (
        SELECT
            broker, symbol,
            sum(ticks - backfilled) AS received, sum(duplicates + line_duplicates) AS redelivered, sum(invalid) AS wrong,
            sum(quarantined) AS doubted, sum(crossed) AS inverted, sum(missing) AS lost
        FROM quality_windows
        WHERE window_start >= begin AND window_start < following AND symbol != ''
        GROUP BY broker, symbol
    ),
    alive AS
    (
        SELECT DISTINCT broker, toUInt32(toUnixTimestamp64Second(window_start)) AS second
        FROM quality_windows
        WHERE window_start >= begin AND window_start < following AND (heartbeats > 0 OR ticks > backfilled)
    ),
    lively AS
    (
        SELECT broker, countIf(arrayExists(span -> second >= span.1 AND second < span.2, spans[broker::String])) AS live_s
        FROM alive
        GROUP BY broker
    ),
    active AS
    (
        SELECT symbol, toUInt32(toUnixTimestamp64Second(window_start)) AS second, groupUniqArray(broker) AS who
        FROM quality_windows
        WHERE window_start >= begin AND window_start < following AND symbol != '' AND ticks > backfilled + invalid
        GROUP BY symbol, second
    ),
    covered AS
    (
        SELECT
            counted.broker AS broker, counted.symbol AS symbol,
            count() AS expected_s, countIf((counted.broker, active.second) IN (SELECT broker, second FROM alive)) AS observed_s
        FROM active
        INNER JOIN counted ON active.symbol = counted.symbol
        WHERE length(active.who) > has(active.who, counted.broker)
        GROUP BY broker, symbol
    ),
    mids AS
    (
        SELECT
            broker, symbol, toUInt32(toUnixTimestamp64Second(window_start)) AS second,
            toInt64(round(max(mid) * if(endsWith(symbol, 'JPY'), 1e5, 1e7))) AS whole_mid,
            toInt64(round(ifNull(max(spread_mean), 0) * if(endsWith(symbol, 'JPY'), 1e5, 1e7))) AS whole_spread
        FROM quality_windows
        WHERE window_start >= begin - INTERVAL 59 SECOND AND window_start < following AND symbol != '' AND mid IS NOT NULL
        GROUP BY broker, symbol, second
    ),
    quoted AS
    (
        SELECT stands.symbol AS symbol, groupArray((stands.broker::String, whole_mid, whole_spread)) AS quotes
        FROM
        (
            SELECT alive.broker AS broker, counted.symbol AS symbol, second
            FROM alive
            INNER JOIN counted ON alive.broker = counted.broker
        ) AS stands
        ASOF INNER JOIN mids
        ON stands.broker = mids.broker AND stands.symbol = mids.symbol AND stands.second >= mids.second
        WHERE stands.second - mids.second < 60
        GROUP BY symbol, stands.second
        HAVING length(quotes) >= 3
    ),
    compared AS
    (
        -- Twice the medians: the mean of the middle two need not be whole.
        SELECT
            quote.1 AS broker, symbol,
            count() AS compared_s,
            countIf(abs(2 * quote.2 - (other_mids[divide_low] + other_mids[divide_high]))
                <= 2 * (other_spreads[divide_low] + other_spreads[divide_high])) AS near_s
        FROM
        (
            SELECT
                symbol, arrayJoin(quotes) AS quote,
                arrayFilter(other -> other.1 != quote.1, quotes) AS others,
                arraySort(others.2) AS other_mids, arraySort(others.3) AS other_spreads,
                intDiv(length(others) + 1, 2) AS divide_low, intDiv(length(others), 2) + 1 AS divide_high
            FROM quoted
        )
        GROUP BY broker, symbol
    ),
    offsets AS
    (
        SELECT broker, line, session, quantileExact(0.01)(dateDiff('microsecond', assumeNotNull(event_time), received_time)) AS offset_us
        FROM ticks
        WHERE received_time >= begin AND received_time < following AND event_time IS NOT NULL AND bitAnd(flags, 4) = 0 -- 4: BACKFILLED
        GROUP BY broker, line, session
    ),
    latencies AS
    (
        SELECT broker, symbol, count() AS timed, countIf(latency_us <= 250000) AS prompt, sum(latency_us) AS feed_us
        FROM
        (
            SELECT
                ticks.broker AS broker, ticks.symbol AS symbol,
                greatest(-86400000000, least(86400000000,
                    dateDiff('microsecond', assumeNotNull(event_time), received_time) - offset_us)) AS latency_us
            FROM ticks
            INNER JOIN offsets
            ON ticks.broker = offsets.broker AND ticks.line = offsets.line AND ticks.session = offsets.session
            WHERE received_time >= begin AND received_time < following AND event_time IS NOT NULL AND bitAnd(flags, 4) = 0
        )
        GROUP BY broker, symbol
    )
SELECT
    counted.broker, counted.symbol, toDate(begin),
    arraySum(span -> span.2 - span.1, spans[counted.broker::String]), lively.live_s, covered.expected_s, covered.observed_s,
    received, redelivered, wrong, doubted, inverted, greatest(lost, 0),
    latencies.timed, latencies.prompt, latencies.feed_us, compared.compared_s, compared.near_s,
    windows_seen + ticks_seen, now64(6, 'UTC')
FROM counted
LEFT JOIN lively ON counted.broker = lively.broker
LEFT JOIN covered ON counted.broker = covered.broker AND counted.symbol = covered.symbol
LEFT JOIN latencies ON counted.broker = latencies.broker AND counted.symbol = latencies.symbol
LEFT JOIN compared ON counted.broker = compared.broker AND counted.symbol = compared.symbol

-- Question: which brokers were connected in a span, over how many connections, and how was what they sent?
-- Grain:    one row per broker that has a contract in the span or sent anything in it
-- Params:   from Date inclusive, to Date exclusive
--
-- connections: by its contracts, the most at a time; 0: it has none. scheduled_s: seconds of market time, live_s: of which it beat or
-- ticked in. A day on which it has no row, and others do, is scheduled and not live where a contract covers it, or
-- where it lies between days that have one. The rest is summed over its symbols; feed_us over `timed` ticks.
WITH
    days AS
    (
        SELECT
            broker, day,
            max(scheduled_s) AS scheduled_s, max(live_s) AS live_s,
            sum(expected_s) AS expected_s, sum(observed_s) AS observed_s,
            sum(ticks) AS ticks, sum(duplicates) AS duplicates, sum(missing) AS missing,
            sum(timed) AS timed, sum(feed_us) AS feed_us
        FROM broker_days FINAL
        WHERE day >= {from:Date} AND day < {to:Date}
        GROUP BY broker, day
    ),
    market AS
    (
        SELECT day, max(scheduled_s) AS open_s FROM days GROUP BY day
    ),
    contracts AS
    (
        SELECT broker, max(connections) AS connections, groupArray((toInt32(from_date), toInt32(coalesce(to_date, toDate32('2299-12-31'))))) AS spans
        FROM ops_broker_contracts
        WHERE from_date < {to:Date} AND (to_date IS NULL OR to_date > {from:Date})
        GROUP BY broker
    ),
    sent AS
    (
        SELECT
            broker, min(day) AS first, max(day) AS last, count() AS days,
            sum(scheduled_s) AS scheduled_s, sum(live_s) AS live_s, sum(expected_s) AS expected_s, sum(observed_s) AS observed_s,
            sum(ticks) AS ticks, sum(duplicates) AS duplicates, sum(missing) AS missing, sum(timed) AS timed, sum(feed_us) AS feed_us
        FROM days
        GROUP BY broker
    ),
    absent AS
    (
        SELECT sent.broker AS broker, sum(market.open_s) AS scheduled_s
        FROM sent
        CROSS JOIN market
        LEFT JOIN contracts ON contracts.broker = sent.broker
        WHERE (sent.broker, market.day) NOT IN (SELECT broker, day FROM days)
            AND (
                market.day BETWEEN sent.first AND sent.last
                OR arrayExists(span -> toInt32(market.day) >= span.1 AND toInt32(market.day) < span.2, contracts.spans)
            )
        GROUP BY broker
    ),
    names AS
    (
        SELECT toString(broker) AS broker FROM sent UNION DISTINCT SELECT toString(broker) FROM contracts
    )
SELECT
    names.broker AS broker,
    contracts.connections AS connections,
    sent.scheduled_s + absent.scheduled_s AS scheduled_s,
    sent.live_s AS live_s,
    sent.expected_s AS expected_s,
    sent.observed_s AS observed_s,
    sent.ticks AS ticks,
    sent.duplicates AS duplicates,
    sent.missing AS missing,
    sent.timed AS timed,
    sent.feed_us AS feed_us
FROM names
LEFT JOIN contracts ON contracts.broker = names.broker
LEFT JOIN sent ON sent.broker = names.broker
LEFT JOIN absent ON absent.broker = names.broker
ORDER BY broker

-- Question: how good is what each broker sends?
-- Grain:    one row per (broker, symbol)
-- Params:   none
--
-- completeness: distinct sequences that are stored / (highest - lowest + 1), over its lines and sessions.
-- Spreads are in pips (0.01 for JPY, else 0.0001), of ticks with both sides, crossed ones included. feed_latency is
-- received_time - event_time where the broker sends a time: its clock's offset is in it. What was filled in afterwards has none.
WITH
    series AS
    (
        SELECT
            broker, symbol, line, session,
            uniqExact(sequence) AS distinct_sequences,
            max(sequence) - min(sequence) + 1 AS span
        FROM ticks
        GROUP BY broker, symbol, line, session
    ),
    complete AS
    (
        SELECT broker, symbol, 100 * sum(distinct_sequences) / sum(span) AS completeness_percent
        FROM series
        GROUP BY broker, symbol
    ),
    measured AS
    (
        SELECT
            broker,
            symbol,
            count() AS ticks,
            uniqExact(line) AS lines,
            avgIf(ask - bid, bid > 0 AND ask > 0) / if(endsWith(symbol, 'JPY'), 0.01, 0.0001) AS spread_mean_pips,
            100 * countIf(bid > 0 AND ask > 0 AND ask < bid) / count() AS crossed_percent,
            quantileExactIf(0.50)(dateDiff('us', event_time, received_time), event_time IS NOT NULL AND bitAnd(flags, 4) = 0) AS latency_p50_us,
            quantileExactIf(0.99)(dateDiff('us', event_time, received_time), event_time IS NOT NULL AND bitAnd(flags, 4) = 0) AS latency_p99_us
        FROM ticks
        GROUP BY broker, symbol
    )
SELECT
    measured.broker AS broker,
    toString(measured.symbol) AS symbol,
    measured.ticks AS ticks,
    measured.lines AS lines,
    round(complete.completeness_percent, 4) AS completeness_percent,
    round(measured.spread_mean_pips, 3) AS spread_mean_pips,
    round(measured.crossed_percent, 2) AS crossed_percent,
    measured.latency_p50_us / 1000 AS feed_latency_p50_ms,
    measured.latency_p99_us / 1000 AS feed_latency_p99_ms
FROM measured
INNER JOIN complete ON complete.broker = measured.broker AND complete.symbol = measured.symbol
ORDER BY broker, symbol

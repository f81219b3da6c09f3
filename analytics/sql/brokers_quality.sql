-- Question: how good was each broker over a span of days, and what is its score made of?
-- Grain:    one row per broker with days in the span
-- Params:   from Date inclusive, to Date exclusive
--
-- Parts are of the sums over its symbols and days, in percent; NULL where nothing is known to divide by. a: seconds it gave a sign of
-- life in, of market time. c: source coverage. t: ticks within 250 ms, of those with a time. v: what was neither rejected nor
-- quarantined, of all received. k: seconds near the others' median, of those with two others at least.
-- quality: 100 * a^0.25 * c^0.25 * t^0.20 * v^0.15 * k^0.15 of the parts as shares, each at least 0.01; the weights of
-- those that are unknown go to the others, in proportion. weight: of those that are known.
WITH
    sums AS
    (
        SELECT
            broker,
            uniqExact(day) AS days,
            uniqExact(symbol) AS symbols,
            sum(ticks) AS received,
            sum(timed) AS with_time,
            sum(expected_s) AS expected,
            sum(crossed) AS crossed_ticks,
            sum(feed_us) AS feed_sum_us,
            [
                if(sum(scheduled_s) = 0, NULL, sum(live_s) / sum(scheduled_s)),
                if(expected = 0, NULL, sum(observed_s) / expected),
                if(with_time = 0, NULL, sum(prompt) / with_time),
                if(received = 0, NULL, 1 - (sum(invalid) + sum(quarantined)) / received),
                if(sum(compared_s) = 0, NULL, sum(near_s) / sum(compared_s))
            ] AS parts,
            [0.25, 0.25, 0.20, 0.15, 0.15] AS weights,
            arraySum(arrayMap((p, w) -> if(p IS NULL, 0, w), parts, weights)) AS known
        FROM broker_days FINAL
        WHERE day >= {from:Date} AND day < {to:Date}
        GROUP BY broker
    )
SELECT
    toString(broker) AS broker,
    days,
    symbols,
    received AS ticks,
    with_time AS timed,
    expected AS expected_s,
    round(100 * parts[1], 4) AS a,
    round(100 * parts[2], 4) AS c,
    round(100 * parts[3], 4) AS t,
    round(100 * parts[4], 4) AS v,
    round(100 * parts[5], 4) AS k,
    if(received = 0, NULL, round(100 * crossed_ticks / received, 4)) AS crossed_percent,
    if(with_time = 0, NULL, round(feed_sum_us / with_time / 1000, 4)) AS avg_latency_ms,
    round(known, 2) AS weight,
    if(known = 0, NULL, round(100 * exp(
        arraySum(arrayMap((p, w) -> if(p IS NULL, 0, w * log(greatest(assumeNotNull(p), 0.01))), parts, weights)) / known
    ), 4)) AS quality
FROM sums
ORDER BY broker

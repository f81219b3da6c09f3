-- Question: what did one tenant consume, read again and skip, by day and symbol, and how good was it?
-- Grain:    one row per (what, consumer_group, day, symbol); what is consumed, read or skipped; day is UTC, of publication
-- Params:   tenant String, from DateTime64 inclusive, to DateTime64 exclusive: of publication
--
-- consumed: stored records in the union of what a group has moved over: each offset once per group, however often it was
-- read, and however many meters tell of it. read: the same, but once per pass; read less consumed is what was replayed.
-- skipped: records that a group was set forward over, and has not consumed at any other time.
-- latency: published_time - received_time, conflation included: what was experienced. usable: NORMAL or LOCKED, both sides.
WITH
    told AS
    (
        SELECT DISTINCT consumer_group, toUUIDOrZero(read_topic_id) AS of_topic, toUInt32(read_partition) AS of_partition,
            kind, pass, assumeNotNull(from_offset) AS first, to_offset AS past
        FROM usage_ranges
        WHERE tenant = {tenant:String} AND kind != 'START_UNKNOWN' AND from_offset < to_offset
    ),
    tagged AS
    (
        SELECT 'consumed' AS what, consumer_group, of_topic, of_partition, 0 AS pass, first, past FROM told WHERE kind = 'CONSUMED'
        UNION ALL
        SELECT 'read', consumer_group, of_topic, of_partition, pass, first, past FROM told WHERE kind = 'CONSUMED'
        UNION ALL
        SELECT 'skipped', consumer_group, of_topic, of_partition, 0, first, past FROM told WHERE kind = 'SKIPPED'
    ),
    islands AS
    (
        SELECT what, consumer_group, of_topic, of_partition, pass, min(first) AS first, max(past) AS past
        FROM
        (
            SELECT *, sum(begins) OVER (
                PARTITION BY what, consumer_group, of_topic, of_partition, pass ORDER BY first, past
                ROWS UNBOUNDED PRECEDING
            ) AS island
            FROM
            (
                SELECT *, first > max(past) OVER (
                    PARTITION BY what, consumer_group, of_topic, of_partition, pass ORDER BY first, past
                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                ) AS begins -- of the first row of all, past is 0 before it: whether it begins does not matter
                FROM tagged
            )
        )
        GROUP BY what, consumer_group, of_topic, of_partition, pass, island
    ),
    quotes AS
    (
        SELECT topic_id AS of_topic, partition AS of_partition, offset AS at, symbol, published_time, received_time, state
        FROM tier_quotes
        WHERE published_time >= {from:DateTime64(6, 'UTC')} AND published_time < {to:DateTime64(6, 'UTC')}
            AND topic_id IN (SELECT of_topic FROM told)
    ),
    passes AS
    (
        SELECT DISTINCT what, consumer_group, of_topic, of_partition, pass FROM islands
    ),
    -- Every record with the passes over its partition, then with the last island of each that begins at or before it.
    moved AS
    (
        SELECT
            passes.what AS what, passes.consumer_group AS consumer_group, passes.of_topic AS of_topic,
            passes.of_partition AS of_partition, passes.pass AS pass,
            quotes.at AS at, quotes.symbol AS symbol, quotes.published_time AS published_time,
            quotes.received_time AS received_time, quotes.state AS state
        FROM quotes INNER JOIN passes USING (of_topic, of_partition)
    ),
    covered AS
    (
        SELECT moved.* FROM moved
        ASOF INNER JOIN islands
        ON moved.what = islands.what AND moved.consumer_group = islands.consumer_group
            AND moved.of_topic = islands.of_topic AND moved.of_partition = islands.of_partition
            AND moved.pass = islands.pass AND moved.at >= islands.first
        WHERE moved.at < islands.past
    )
SELECT
    what,
    consumer_group,
    toDate(published_time) AS day,
    symbol,
    count() AS ticks,
    round(avg(dateDiff('microsecond', received_time, published_time)) / 1000, 3) AS latency_mean_ms,
    round(quantileExact(0.5)(dateDiff('microsecond', received_time, published_time)) / 1000, 3) AS latency_p50_ms,
    round(quantileExact(0.99)(dateDiff('microsecond', received_time, published_time)) / 1000, 3) AS latency_p99_ms,
    round(100 * countIf(state IN ('NORMAL', 'LOCKED')) / count(), 2) AS usable_percent
FROM covered
WHERE what != 'skipped'
    OR (consumer_group, of_topic, of_partition, at) NOT IN
    (
        SELECT consumer_group, of_topic, of_partition, at FROM covered WHERE what = 'consumed'
    )
GROUP BY what, consumer_group, day, symbol
ORDER BY what, consumer_group, day, symbol

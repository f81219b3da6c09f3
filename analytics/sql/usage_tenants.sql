-- Question: what did every tenant consume, by day and symbol?
-- Grain:    one row per (tenant, day, symbol); day is UTC, of publication
-- Params:   from DateTime64 inclusive, to DateTime64 exclusive: of publication
--
-- What usage.sql tells of one tenant, told of all at once: no record meets a tenant. The ends of all ranges cut each
-- partition into segments; records are added up per segment, then from the partition's beginning on (running sums), and a
-- range is the difference of the sums at its ends. So the cost is that of the records, plus that of the ranges.
WITH
    islands AS
    (
        SELECT tenant, consumer_group, of_topic, of_partition, min(first) AS first, max(past) AS past
        FROM
        (
            SELECT *, sum(begins) OVER (
                PARTITION BY tenant, consumer_group, of_topic, of_partition ORDER BY first, past ROWS UNBOUNDED PRECEDING
            ) AS island
            FROM
            (
                SELECT tenant, consumer_group, toUUIDOrZero(read_topic_id) AS of_topic, toUInt32(read_partition) AS of_partition,
                    assumeNotNull(from_offset) AS first, to_offset AS past,
                    first > max(past) OVER (
                        PARTITION BY tenant, consumer_group, of_topic, of_partition ORDER BY first, past
                        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                    ) AS begins
                FROM usage_ranges
                WHERE kind = 'CONSUMED' AND from_offset < to_offset
            )
        )
        GROUP BY tenant, consumer_group, of_topic, of_partition, island
    ),
    ends AS
    (
        -- 0 as well: every record has an end at or before it.
        SELECT DISTINCT of_topic, of_partition, arrayJoin([first, past, 0]) AS at FROM islands
    ),
    quotes AS
    (
        SELECT topic_id AS of_topic, partition AS of_partition, offset, toDate(published_time) AS day, symbol,
            dateDiff('microsecond', received_time, published_time) AS latency_us, state IN ('NORMAL', 'LOCKED') AS usable
        FROM tier_quotes
        WHERE published_time >= {from:DateTime64(6, 'UTC')} AND published_time < {to:DateTime64(6, 'UTC')}
    ),
    segments AS
    (
        SELECT
            quotes.of_topic AS of_topic, quotes.of_partition AS of_partition, ends.at AS at, day, symbol,
            count() AS records, sum(latency_us) AS waited_us, count(latency_us) AS timed, sum(usable) AS fit
        FROM quotes
        ASOF INNER JOIN ends
        ON quotes.of_topic = ends.of_topic AND quotes.of_partition = ends.of_partition AND quotes.offset >= ends.at
        GROUP BY of_topic, of_partition, at, day, symbol
    ),
    running AS
    (
        SELECT of_topic, of_partition, day, symbol, at,
            sum(records) OVER sofar AS records_sofar, sum(waited_us) OVER sofar AS waited_sofar_us,
            sum(timed) OVER sofar AS timed_sofar, sum(fit) OVER sofar AS fit_sofar
        FROM segments
        WINDOW sofar AS (PARTITION BY of_topic, of_partition, day, symbol ORDER BY at ROWS UNBOUNDED PRECEDING)
    ),
    -- Each end of a range, with what it counts for, by the days and symbols of its partition.
    signed AS
    (
        SELECT tenant, islands.of_topic AS of_topic, islands.of_partition AS of_partition, day, symbol,
            arrayJoin([(past, 1), (first, -1)]) AS end, end.1 AS at, end.2 AS sign
        FROM islands
        INNER JOIN (SELECT DISTINCT of_topic, of_partition, day, symbol FROM segments) AS kinds
        ON islands.of_topic = kinds.of_topic AND islands.of_partition = kinds.of_partition
    )
SELECT
    tenant,
    signed.day AS day,
    signed.symbol AS symbol,
    sum(sign * records_sofar) AS ticks,
    round(sum(sign * waited_sofar_us) / nullIf(sum(sign * timed_sofar), 0) / 1000, 3) AS latency_mean_ms,
    round(100 * sum(sign * fit_sofar) / nullIf(ticks, 0), 2) AS usable_percent
FROM signed
ASOF INNER JOIN running
ON signed.of_topic = running.of_topic AND signed.of_partition = running.of_partition AND signed.day = running.day
    AND signed.symbol = running.symbol AND signed.at > running.at
GROUP BY tenant, day, symbol
HAVING ticks > 0
ORDER BY tenant, day, symbol

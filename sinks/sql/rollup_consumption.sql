-- Question: what did every tenant consume on one day?
-- Grain:    one row per (tenant, tier, symbol); the day is UTC, of publication
-- Params:   spans: rollup_spans.sql; halves: rollup_halves.sql of the records of hours that are cut
--
-- What usage.sql tells of one tenant, told of all at once. As in usage_tenants.sql, a span of offsets is the difference of running
-- sums at its ends: of tier_hours, up to the last one that ends before, and of records only within an hour that the end cuts.
--
-- Where records of a cut hour have expired, what can be told is too little. It is told only where nothing was told before.
INSERT INTO consumption_days
(
    tenant, day, tier, symbol, ticks, replayed, conflated, usable, timed, waited_us, hours, brokers, halves, version, computed_at
)
{{spans}},
    arrayMap(_ -> 0::Int64, range(5 + length(known))) AS nothing,
    -- The records of cut hours, by the next end behind each.
    pieces AS
    (
        SELECT
            records.tier::String AS tier, records.symbol::String AS symbol, records.hour AS hour,
            records.topic_id AS topic_id, records.partition AS partition,
            if(ends.at > 0, ends.at, 9223372036854775807) AS next,
            arrayConcat(
                [toInt64(count()), sum(conflated), toInt64(sum(usable)), toInt64(sum(timed)), sum(waited_us)],
                sumForEach(arrayMap(each -> toInt64(countEqual(records.names, each)), known))
            ) AS sums
        FROM ({{halves}}) AS records
        ASOF LEFT JOIN ends
        ON records.topic_id = ends.topic_id AND records.partition = ends.partition AND records.offset < ends.at
        GROUP BY tier, symbol, hour, topic_id, partition, next
    ),
    parts AS
    (
        SELECT
            tier, symbol, hour, topic_id, partition, at, bit, is_cut,
            sumForEach(sums) OVER (
                PARTITION BY tier, symbol, hour, topic_id, partition ORDER BY at ROWS UNBOUNDED PRECEDING
            ) AS sofar,
            sum(seen) OVER of_hour < max(version) OVER of_hour AS torn
        FROM
        (
            SELECT
                tier, symbol, hour, topic_id, partition, at,
                max(bit) AS bit, max(version) AS version, max(is_cut) AS is_cut, sumForEach(sums) AS sums,
                sums[1] + arraySum((name, half) -> if(name = '', 0, half), known, arraySlice(sums, 6)) AS seen
            FROM
            (
                SELECT tier, symbol, hour, topic_id, partition, at, bit, version, 1 AS is_cut, nothing AS sums FROM cuts
                UNION ALL
                SELECT tier, symbol, hour, topic_id, partition, next, 0, 0, 0, sums
                FROM pieces
            )
            GROUP BY tier, symbol, hour, topic_id, partition, at
        )
        WINDOW of_hour AS (PARTITION BY tier, symbol, hour, topic_id, partition)
    ),
    whole AS
    (
        SELECT
            tier, symbol, topic_id, partition, last_offset,
            sumForEach(sums) OVER sofar AS sums_sofar, sum(bit) OVER sofar AS bits_sofar
        FROM hours
        WINDOW sofar AS (PARTITION BY tier, symbol, topic_id, partition ORDER BY last_offset ROWS UNBOUNDED PRECEDING)
    ),
    asked AS
    (
        SELECT tier, symbol, kinds.topic_id AS topic_id, kinds.partition AS partition, at
        FROM ends
        INNER JOIN (SELECT DISTINCT tier, symbol, topic_id, partition FROM hours) AS kinds
        ON ends.topic_id = kinds.topic_id AND ends.partition = kinds.partition
    ),
    valued AS
    (
        SELECT
            tier, symbol, topic_id, partition, at,
            sumForEach(sums) AS sums, sum(bits) AS bits, groupArrayArray(cut_bits) AS cut_bits,
            groupArrayArray(cut_records) AS cut_records, max(torn) AS torn
        FROM
        (
            SELECT
                asked.tier AS tier, asked.symbol AS symbol, asked.topic_id AS topic_id, asked.partition AS partition, asked.at AS at,
                if(empty(sums_sofar), nothing, sums_sofar) AS sums, bits_sofar AS bits,
                []::Array(Int64) AS cut_bits, []::Array(Int64) AS cut_records, 0 AS torn
            FROM asked
            ASOF LEFT JOIN whole
            ON asked.tier = whole.tier AND asked.symbol = whole.symbol AND asked.topic_id = whole.topic_id
                AND asked.partition = whole.partition AND asked.at > whole.last_offset
            UNION ALL
            SELECT tier, symbol, topic_id, partition, at, sofar, 0, [bit], [sofar[1]], torn
            FROM parts
            WHERE is_cut
        )
        GROUP BY tier, symbol, topic_id, partition, at
    ),
    -- Hours that end within a span are in it; one that is cut is where more of its records precede the end than the beginning.
    measured AS
    (
        SELECT
            tenant, tier, symbol, consumed, replayed, max(torn) AS torn,
            sumForEach(arrayMap(value -> end.2 * value, sums)) AS sums,
            arrayFold(
                (sofar, bit) -> bitOr(sofar, bit),
                arrayFilter(
                    (bit, records) -> records > 0,
                    (sumMap(cut_bits, arrayMap(records -> end.2 * records, cut_records)) AS cut).1,
                    cut.2
                ),
                toInt64(sum(end.2 * bits))
            ) AS bits
        FROM
        (
            SELECT tenant, topic_id, partition, first, past, consumed, replayed, arrayJoin([(past, 1), (first, -1)]) AS end
            FROM spans
        ) AS signed
        INNER JOIN valued
        ON signed.topic_id = valued.topic_id AND signed.partition = valued.partition AND signed.end.1 = valued.at
        GROUP BY tenant, tier, symbol, signed.topic_id, signed.partition, first, past, consumed, replayed
    ),
    summed AS
    (
        SELECT
            tenant::String AS tenant, tier, symbol, max(torn) AS torn,
            sumForEach(arrayMap(value -> consumed * value, measured.sums)) AS sums,
            sum(measured.replayed * measured.sums[1]) AS read_again,
            groupBitOr(bits) AS hours_of
        FROM measured
        GROUP BY tenant, tier, symbol
        HAVING sums[1] > 0
    )
SELECT
    summed.tenant, toDate(begin), summed.tier, summed.symbol,
    sums[1], read_again, sums[2], sums[3], sums[4], sums[5], hours_of,
    arrayFilter((name, half) -> half > 0, known, arraySlice(sums, 6)),
    arrayFilter(half -> half > 0, arraySlice(sums, 6)),
    sums[1] + read_again + arraySum((name, half) -> if(name = '', 0, half), known, arraySlice(sums, 6)),
    now64(6, 'UTC')
FROM summed
LEFT JOIN
(
    SELECT tenant::String AS tenant, tier::String AS tier, symbol::String AS symbol, version
    FROM consumption_days FINAL
    WHERE day = toDate(begin)
) AS before
ON summed.tenant = before.tenant AND summed.tier = before.tier AND summed.symbol = before.symbol
WHERE NOT (summed.torn AND before.version > 0)

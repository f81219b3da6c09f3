-- Question: what was agreed with each broker over a span of days, and what fee does that come to?
-- Grain:    one row per contract that was in force on a day of the span
-- Params:   from Date inclusive, to Date exclusive
--
-- Of contracts of one broker that overlap the later counts. microusd: the month's fee by the month's days that are in the span, in
-- whole micro-dollars that add up to the fee. to_date is NULL where no end was agreed.
SELECT
    toString(broker) AS broker,
    from_date,
    to_date,
    any(fee) AS fee_microusd,
    toInt64(sum(intDiv(toInt128(fee) * nth, days) - intDiv(toInt128(fee) * (nth - 1), days))) AS microusd,
    count() AS days_in_span,
    any(c.connections) AS connections,
    any(c.redistribution_permitted) AS redistribution_permitted,
    any(c.tiers) AS tiers,
    any(toNullable(toString(c.upstream))) AS upstream,
    any(c.source) = 'synthetic' AS synthetic
FROM
(
    SELECT
        *,
        fee_microusd AS fee,
        toDate(arrayJoin(range(
            toUInt32(greatest(toInt32(from_date), toInt32({from:Date}))),
            toUInt32(greatest(
                least(assumeNotNull(coalesce(toInt32(to_date), toInt32({to:Date}))), toInt32({to:Date})),
                toInt32(from_date), toInt32({from:Date})
            ))
        ))) AS day,
        toDayOfMonth(day) AS nth,
        toDayOfMonth(toLastDayOfMonth(day)) AS days
    FROM ops_broker_contracts
    ORDER BY from_date DESC
    LIMIT 1 BY broker, day
) AS c
GROUP BY broker, from_date, to_date
ORDER BY broker, from_date

-- Question: what was charged for each broker over a span of days?
-- Grain:    one row per broker that a charge of the span is tagged with
-- Params:   from Date inclusive, to Date exclusive
--
-- microusd: effective cost, by days where a charge reaches over the span's edge; each day's part in whole micro-dollars, so that
-- the spans of a charge add up to it. synthetic: charges that a generator made.
SELECT
    broker,
    count() AS charges,
    toInt64(sum(
        intDiv(toInt128(cost) * (least(ends, toInt32({to:Date})) - begins), days)
        - intDiv(toInt128(cost) * (greatest(begins, toInt32({from:Date})) - begins), days)
    )) AS microusd,
    countIf(source = 'synthetic') AS synthetic
FROM
(
    SELECT
        tags['broker'] AS broker,
        effective_cost_microusd AS cost,
        toInt32(charge_period_start) AS begins,
        greatest(toInt32(charge_period_end), begins + 1) AS ends,
        ends - begins AS days,
        source
    FROM ops_cost_charges
    WHERE tags['broker'] != ''
)
WHERE begins < toInt32({to:Date}) AND ends > toInt32({from:Date})
GROUP BY broker
ORDER BY broker

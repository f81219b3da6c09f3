-- Question: how many of the next tier's records of what each customer consumes were conflated away for it?
-- Grain:    one row per customer whose tier has one above it, and that consumed anything of it
-- Params:   tenant String: empty for all, from Date inclusive, to Date exclusive, as_of Date: what is known of customers before it
--
-- Records that either tier published of the symbols that the tenant consumed, in the hours in which it consumed any, of days of which both
-- are known. conflated_percent: 0 where the next tier published no more; NULL where it published nothing that is known.
WITH
    published AS
    (
        SELECT toString(tier) AS tier, toString(symbol) AS symbol, toDate(hour) AS day,
            sumForEach(arrayMap(n -> if(n = toHour(hour), records, 0), range(24))) AS counts
        FROM tier_hours FINAL
        WHERE toDate(hour) >= {from:Date} AND toDate(hour) < {to:Date}
        GROUP BY tier, symbol, day
    ),
    eaten AS
    (
        SELECT toString(tenant) AS tenant, toString(tier) AS tier, toString(symbol) AS symbol, day, hours
        FROM consumption_days FINAL
        WHERE day >= {from:Date} AND day < {to:Date} AND ticks > 0 AND {tenant:String} IN ('', consumption_days.tenant)
    ),
    active AS
    (
        -- Every symbol of the span with every day of it. In arrays, for a join of the two would be free to begin with all symbols of the tier.
        SELECT tenant, tier, arrayJoin(of_symbols) AS symbol, arrayJoin(of_days) AS of_day, of_day.1 AS day, of_day.2 AS hours
        FROM
        (
            SELECT tenant, tier, groupUniqArrayArray(symbols) AS of_symbols, groupArray((day, hours)) AS of_days
            FROM
            (
                SELECT tenant, tier, day, groupUniqArray(symbol) AS symbols, groupBitOr(eaten.hours) AS hours
                FROM eaten
                WHERE (tenant, tier) IN (SELECT tenant, tier FROM customers_between(from = {from:Date}, to = {as_of:Date}))
                GROUP BY tenant, tier, day
            )
            GROUP BY tenant, tier
        )
    ),
    pairs AS
    (
        SELECT own.tier AS tier, own.symbol AS symbol, own.day AS day, sold.above AS above, own.counts AS own_counts, next.counts AS next_counts
        FROM published AS own
        INNER JOIN
        (
            SELECT tier, assumeNotNull(next_tier) AS above FROM tiers_sold(to = {as_of:Date}) WHERE next_tier IS NOT NULL
        ) AS sold ON own.tier = sold.tier
        INNER JOIN published AS next ON sold.above = next.tier AND own.symbol = next.symbol AND own.day = next.day
    )
SELECT
    active.tenant AS tenant,
    any(pairs.above) AS next_tier,
    sum(arraySum((count, n) -> count * bitTest(hours, n), own_counts, range(24))) AS own_records,
    sum(arraySum((count, n) -> count * bitTest(hours, n), next_counts, range(24))) AS next_records,
    if(next_records = 0, NULL, round(100 * greatest(0, 1 - own_records / next_records), 2)) AS conflated_percent
FROM active
INNER JOIN pairs ON active.tier = pairs.tier AND active.symbol = pairs.symbol AND active.day = pairs.day
GROUP BY tenant
ORDER BY tenant

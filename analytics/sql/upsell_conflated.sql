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
        SELECT tenant, tier, day, hours, symbol, next_tier
        FROM (SELECT tenant, tier, day, groupBitOr(hours) AS hours FROM eaten GROUP BY tenant, tier, day) AS of_day
        INNER JOIN (SELECT DISTINCT tenant, tier, symbol FROM eaten) AS kinds USING (tenant, tier)
        INNER JOIN
        (
            SELECT customers.tenant AS tenant, customers.tier AS tier, assumeNotNull(sold.next_tier) AS next_tier
            FROM customers_between(from = {from:Date}, to = {as_of:Date}) AS customers
            INNER JOIN (SELECT tier, next_tier FROM tiers_sold(to = {as_of:Date}) WHERE next_tier IS NOT NULL) AS sold
            ON customers.tier = sold.tier
        ) AS steps USING (tenant, tier)
    )
SELECT
    active.tenant AS tenant,
    any(active.next_tier) AS next_tier,
    sum(arraySum((count, n) -> count * bitTest(hours, n), own.counts, range(24))) AS own_records,
    sum(arraySum((count, n) -> count * bitTest(hours, n), above.counts, range(24))) AS next_records,
    if(next_records = 0, NULL, round(100 * greatest(0, 1 - own_records / next_records), 2)) AS conflated_percent
FROM active
INNER JOIN published AS own ON active.tier = own.tier AND active.symbol = own.symbol AND active.day = own.day
INNER JOIN published AS above ON active.next_tier = above.tier AND active.symbol = above.symbol AND active.day = above.day
GROUP BY tenant
ORDER BY tenant

-- Question: of what each customer pays for, how much does it use: of its symbols, of the market's hours, of what is published?
-- Grain:    one row per customer
-- Params:   tenant String: empty for all, from Date inclusive, to Date exclusive, as_of Date: what is known of customers before it,
--           days Array(Date) and hours Array(UInt32), side by side: bit n, the market is open in hour n (UTC) of the day
--
-- symbols: consumed of entitled; a tier of all symbols, or one that the register does not know, has those that it published. time:
-- hours of the market in which anything was consumed, of those since the tenant came. rate: consumed of published records of the
-- symbols that were consumed in the span, in the hours in which the tenant consumed any; two groups may consume twice as many. NULL: there is
-- nothing to divide by.
WITH
    customers AS
    (
        SELECT * FROM customers_between(from = {from:Date}, to = {as_of:Date}) WHERE {tenant:String} IN ('', tenant)
    ),
    market AS
    (
        SELECT pair.1 AS day, pair.2 AS open FROM (SELECT arrayJoin(arrayZip({days:Array(Date)}, {hours:Array(UInt32)})) AS pair)
    ),
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
        SELECT toString(tenant) AS tenant, toString(tier) AS tier, toString(symbol) AS symbol, day, ticks, hours
        FROM consumption_days FINAL
        WHERE day >= {from:Date} AND day < {to:Date} AND ticks > 0 AND {tenant:String} IN ('', consumption_days.tenant)
    ),
    entitled AS
    (
        SELECT customers.tenant AS tenant, customers.since AS since, customers.until AS until,
            multiIf(notEmpty(customers.symbols), customers.symbols, notEmpty(sold.symbols), sold.symbols, carried.symbols) AS symbols
        FROM customers
        LEFT JOIN (SELECT tier, symbols FROM tiers_sold(to = {as_of:Date})) AS sold ON customers.tier = sold.tier
        LEFT JOIN (SELECT tier, groupUniqArray(symbol) AS symbols FROM published GROUP BY tier) AS carried ON customers.tier = carried.tier
    ),
    used AS
    (
        SELECT tenant, groupUniqArray(symbol) AS symbols FROM eaten GROUP BY tenant
    ),
    awake AS
    (
        SELECT tenant, sum(bitCount(bitAnd(hours, open))) AS active_hours
        FROM (SELECT tenant, day, groupBitOr(hours) AS hours FROM eaten GROUP BY tenant, day) AS of_day
        INNER JOIN market ON of_day.day = market.day
        GROUP BY tenant
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
                FROM eaten GROUP BY tenant, tier, day
            )
            GROUP BY tenant, tier
        )
    ),
    shares AS
    (
        SELECT tenant, sum(taken) AS consumed, sum(given) AS published
        FROM
        (
            SELECT tenant, 0 AS taken, arraySum((count, n) -> count * bitTest(hours, n), counts, range(24)) AS given
            FROM active
            INNER JOIN published USING (tier, symbol, day)
            UNION ALL
            SELECT tenant, ticks, 0 FROM eaten WHERE (tier, day) IN (SELECT tier, day FROM published)
        )
        GROUP BY tenant
    )
SELECT
    entitled.tenant AS tenant,
    length(arrayIntersect(used.symbols, entitled.symbols)) AS symbols_consumed,
    length(entitled.symbols) AS symbols_entitled,
    round(100 * symbols_consumed / nullIf(symbols_entitled, 0), 2) AS symbols_percent,
    active_hours,
    arraySum(
        (day, open) -> if(day >= greatest(since, toDate32({from:Date})) AND day < least(until, toDate32({to:Date})), bitCount(open), 0),
        {days:Array(Date)}, {hours:Array(UInt32)}
    ) AS market_hours,
    if(market_hours = 0, NULL, round(100 * least(1, active_hours / market_hours), 2)) AS time_percent,
    consumed,
    published,
    if(published = 0, NULL, round(100 * least(1, consumed / published), 2)) AS rate_percent
FROM entitled
LEFT JOIN used ON entitled.tenant = used.tenant
LEFT JOIN awake ON entitled.tenant = awake.tenant
LEFT JOIN shares ON entitled.tenant = shares.tenant
ORDER BY tenant

-- Question: the revenue of which tenants would be at risk without a broker, over a span of days?
-- Grain:    one row per broker that a tier has or that was there, once anything is known of who was there
-- Params:   from Date inclusive, to Date exclusive
--
-- A tenant is judged by the tier of its last day with revenue, as the tier is at the span's end, and by its own symbols where they are
-- narrower. Seconds are those of presence_days: some broker ticked the symbol. Of each, the tier's own brokers that were there:
-- alone:     the broker was, and no other of the tier. Completeness fails where, over all of the tenant's symbols, alone / seconds is
--            more than 1 - the tier's completeness target: the broker's loss alone would use up more than what may be missed.
-- redundant: brokers that pass on one upstream's prices are one; without the broker at least as many as the tier's redundancy are left.
--            Redundancy fails where that is so for less of the seconds than the tier's uptime target, for more than
--            5 % of the tenant's symbols. It cannot fail for want of a broker that was never there for any of the tenant's symbols.
-- already: of what is at risk for redundancy, revenue of tenants whose redundancy fails even with the broker. A tier that
-- has no target promises nothing. judged: tenants with revenue whose tier and seconds are known; not_judged_microusd is of the others.
-- A register that begins after the span is taken from its first version on.
WITH
    [5, 100] AS tolerated,
    earning AS
    (
        SELECT
            tenant,
            sum(microusd) AS microusd,
            argMaxIf(tier, day, tier != '') AS of_tier
        FROM recognised_days
        WHERE day >= {from:Date} AND day < {to:Date}
        GROUP BY tenant
    ),
    sold AS
    (
        SELECT
            toString(tier) AS tier,
            argMax(symbols, order_of) AS of_symbols,
            argMax(brokers, order_of) AS own,
            argMax(redundancy, order_of) AS least_brokers,
            argMax(tuple(completeness_percent), order_of).1 AS completeness,
            argMax(tuple(uptime_percent), order_of).1 AS uptime
        FROM
        (
            SELECT
                *,
                toUnixTimestamp64Micro(valid_from) AS at,
                at < toUnixTimestamp64Micro(toDateTime64({to:Date}, 6, 'UTC')) AS in_time,
                (in_time, if(in_time, at, -at)) AS order_of
            FROM tier_versions FINAL
            WHERE active
        )
        GROUP BY tier
    ),
    narrowed AS
    (
        SELECT toString(tenant) AS tenant, argMax(symbols, order_of) AS only
        FROM
        (
            SELECT
                *,
                toUnixTimestamp64Micro(valid_from) AS at,
                at < toUnixTimestamp64Micro(toDateTime64({to:Date}, 6, 'UTC')) AS in_time,
                (in_time, if(in_time, at, -at)) AS order_of
            FROM tenant_versions FINAL
            WHERE active
        )
        GROUP BY tenant
    ),
    -- Tenants that have bought the same are judged once.
    buying AS
    (
        SELECT
            earning.of_tier AS tier,
            arraySort(narrowed.only) AS only,
            count() AS tenants,
            sum(earning.microusd) AS microusd
        FROM earning
        LEFT JOIN narrowed ON narrowed.tenant = earning.tenant
        GROUP BY tier, only
    ),
    feeds AS
    (
        SELECT groupArray(toString(broker)) AS names, groupArray(toString(assumeNotNull(upstream))) AS of
        FROM
        (
            SELECT broker, upstream
            FROM ops_broker_contracts
            WHERE from_date < toDate32({to:Date}) AND (to_date IS NULL OR to_date > toDate32({from:Date}))
            ORDER BY from_date DESC
            LIMIT 1 BY broker
        )
        WHERE upstream IS NOT NULL
    ),
    there AS
    (
        SELECT toString(symbol) AS symbol, arrayMap(name -> toString(name), one) AS who, sum(n) AS lasted
        FROM presence_days FINAL
        ARRAY JOIN presence_days.sets AS one, presence_days.seconds AS n
        WHERE day >= {from:Date} AND day < {to:Date}
        GROUP BY symbol, who
    ),
    without AS
    (
        SELECT
            sold.tier AS tier,
            there.symbol AS symbol,
            toString(arrayJoin(sold.own)) AS broker,
            any(sold.least_brokers) AS least_brokers,
            sum(there.lasted) AS lasted,
            sumIf(there.lasted, has(there.who, broker)) AS present,
            sumIf(there.lasted, arrayIntersect(there.who, sold.own) = [broker]) AS alone,
            sumIf(there.lasted, length(arrayDistinct(arrayMap(
                name -> transform(name, (SELECT names FROM feeds), (SELECT of FROM feeds), name),
                arrayIntersect(there.who, sold.own)
            ))) >= sold.least_brokers) AS redundant,
            sumIf(there.lasted, length(arrayDistinct(arrayMap(
                name -> transform(name, (SELECT names FROM feeds), (SELECT of FROM feeds), name),
                arrayFilter(name -> name != broker, arrayIntersect(there.who, sold.own))
            ))) >= sold.least_brokers) AS left_redundant
        FROM sold
        CROSS JOIN there
        WHERE empty(sold.of_symbols) OR has(sold.of_symbols, there.symbol)
        GROUP BY tier, symbol, broker
    ),
    judged AS
    (
        SELECT
            without.broker AS broker,
            buying.tier AS tier,
            buying.only AS only,
            any(buying.tenants) AS tenants,
            any(buying.microusd) AS microusd,
            any(sold.completeness) AS completeness,
            any(sold.uptime) AS uptime,
            sum(without.present) > 0 AS takes_part,
            sum(without.alone) AS alone_s,
            sum(without.lasted) AS lasted_s,
            completeness IS NOT NULL
                AND alone_s * 1000000 > lasted_s * (1000000 - toInt64(round(assumeNotNull(completeness) * 10000))) AS incomplete,
            uptime IS NOT NULL AND takes_part AND countIf(
                without.left_redundant * 1000000 < without.lasted * toInt64(round(assumeNotNull(sold.uptime) * 10000))
            ) * tolerated[2] > count() * tolerated[1] AS not_redundant,
            uptime IS NOT NULL AND countIf(
                without.redundant * 1000000 < without.lasted * toInt64(round(assumeNotNull(sold.uptime) * 10000))
            ) * tolerated[2] > count() * tolerated[1] AS already
        FROM buying
        INNER JOIN sold ON sold.tier = buying.tier
        INNER JOIN without ON without.tier = buying.tier
        WHERE empty(buying.only) OR has(buying.only, without.symbol)
        GROUP BY broker, tier, only
    ),
    known AS
    (
        SELECT sum(n) AS tenants, sum(usd) AS microusd FROM (SELECT any(tenants) AS n, any(microusd) AS usd FROM judged GROUP BY tier, only)
    ),
    names AS
    (
        SELECT DISTINCT broker FROM
        (
            SELECT toString(arrayJoin(own)) AS broker FROM sold
            UNION ALL
            SELECT arrayJoin(who) FROM there
        )
        WHERE (SELECT count() FROM there) > 0
    )
SELECT
    names.broker AS broker,
    sumIf(judged.tenants, judged.incomplete OR judged.not_redundant) AS tenants,
    sumIf(judged.microusd, judged.incomplete OR judged.not_redundant) AS microusd,
    sumIf(judged.microusd, judged.not_redundant) AS redundancy_microusd,
    sumIf(judged.microusd, judged.incomplete) AS completeness_microusd,
    sumIf(judged.microusd, judged.not_redundant AND judged.already) AS already_microusd,
    (SELECT tenants FROM known) AS judged,
    (SELECT sum(microusd) FROM earning) - (SELECT microusd FROM known) AS not_judged_microusd
FROM names
LEFT JOIN judged ON judged.broker = names.broker
GROUP BY broker
ORDER BY broker

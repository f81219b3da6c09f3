-- Question: which features is each customer entitled to, and on how many days was each used?
-- Grain:    one row per (customer, feature)
-- Params:   tenant String: empty for all, from Date inclusive, to Date exclusive, as_of Date: what is known of customers before it,
--           least_days UInt32: a feature that was used on fewer counts as not used
--
-- A feature counts as used when its own topic, report or API call was; used is NULL where nobody can see. basic_price: the tier's topic
-- was consumed. history: a request is on record; only refused and cut ones are, so fewer than least_days say nothing. latest: its topic is
-- read without commits. The others lie in the records of basic_price.
WITH
    customers AS
    (
        SELECT tenant, tier FROM customers_between(from = {from:Date}, to = {as_of:Date}) WHERE {tenant:String} IN ('', tenant)
    ),
    seen AS
    (
        SELECT toString(tenant) AS tenant, 'basic_price' AS feature, uniqExact(day) AS days
        FROM consumption_days FINAL
        WHERE day >= {from:Date} AND day < {to:Date} AND ticks > 0
        GROUP BY tenant
        UNION ALL
        SELECT toString(assumeNotNull(tenant)) AS tenant, 'history', uniqExact(toDate(time))
        FROM access_decisions
        WHERE toDate(time) >= {from:Date} AND toDate(time) < {to:Date} AND operation = 'HISTORY' AND tenant IS NOT NULL
        GROUP BY tenant
    )
SELECT
    entitled.tenant AS tenant,
    entitled.feature AS feature,
    seen.days AS used_days,
    multiIf(
        feature = 'basic_price', toNullable(used_days >= {least_days:UInt32}),
        feature = 'history' AND used_days >= {least_days:UInt32}, true,
        NULL
    ) AS used
FROM
(
    SELECT tenant, arrayJoin(arrayDistinct(arrayConcat(['basic_price'], sold.features, ['history', 'latest']))) AS feature
    FROM customers
    LEFT JOIN (SELECT tier, features FROM tiers_sold(to = {as_of:Date})) AS sold ON customers.tier = sold.tier
) AS entitled
LEFT JOIN seen ON entitled.tenant = seen.tenant AND entitled.feature = seen.feature
ORDER BY tenant, feature

-- Question: what did each tenant earn us over a span of days, and whose prices did it consume?
-- Grain:    one row per (tenant, broker) with halves of records; one with an empty broker and no halves for a tenant with revenue only
-- Params:   from Date inclusive, to Date exclusive
--
-- microusd: the tenant's recognised revenue, net of approved credits, the same on each of its rows. halves: one for each best bid and
-- one for each best ask of what it consumed; those that nobody can be named for stand under the empty broker.
-- synthetic: some of the revenue, some of the credits that came off it, rest on generated rows.
WITH
    revenue AS
    (
        SELECT
            tenant,
            sum(microusd) AS microusd,
            countIf(source = 'synthetic') > 0 AS synthetic
        FROM recognised_days
        WHERE day >= {from:Date} AND day < {to:Date}
        GROUP BY tenant
    ),
    consumed AS
    (
        SELECT toString(tenant) AS tenant, toString(name) AS broker, sum(half) AS halves
        FROM consumption_days FINAL
        ARRAY JOIN consumption_days.brokers AS name, consumption_days.halves AS half
        WHERE day >= {from:Date} AND day < {to:Date} AND half > 0
        GROUP BY tenant, broker
    )
SELECT
    if(revenue.tenant = '', consumed.tenant, revenue.tenant) AS tenant,
    consumed.broker AS broker,
    consumed.halves AS halves,
    revenue.tenant != '' AS earns,
    revenue.microusd AS microusd,
    revenue.synthetic AS synthetic
FROM revenue
FULL OUTER JOIN consumed ON consumed.tenant = revenue.tenant
ORDER BY tenant, broker

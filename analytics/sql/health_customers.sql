-- Question: who is a customer on a day, of which tier, since when, and when does its contract end?
-- Grain:    one row per customer
-- Params:   tenant String: empty for all, from Date: since is not told more exactly than before it, day Date, as_of Date: the day after
--
-- ends_on: of the register's newest contract; where it has no end, or the register knows nothing, of the last subscription. NULL: it runs on.
SELECT
    customers.tenant AS tenant,
    customers.tier AS tier,
    arraySort(customers.symbols) AS narrower,
    customers.since AS since,
    coalesce(contracts.ends_on, subscriptions.ends_on) AS ends_on
FROM customers_between(from = {from:Date}, to = {as_of:Date}) AS customers
LEFT JOIN
(
    SELECT tenant, argMax(tuple(contract_to), valid_from).1 AS ends_on FROM tenant_versions FINAL
    WHERE valid_from < toDateTime64({as_of:Date}, 6, 'UTC')
    GROUP BY tenant
) AS contracts ON customers.tenant = contracts.tenant
LEFT JOIN
(
    SELECT tenant, argMax(tuple(to_date), from_date).1 AS ends_on FROM ops_subscriptions WHERE from_date < {as_of:Date} GROUP BY tenant
) AS subscriptions ON customers.tenant = subscriptions.tenant
WHERE {tenant:String} IN ('', customers.tenant) AND customers.until > toDate32({day:Date})
ORDER BY tenant

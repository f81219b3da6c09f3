-- Question: who asked for more than its tier: for topics of tiers above it, and for history that it has not?
-- Grain:    one row per customer that was refused any of these
-- Params:   tenant String: empty for all, from Date inclusive, to Date exclusive, as_of Date: what is known of customers before it,
--           topics Array(String) and topic_tiers Array(String), side by side: whose topics they are
--
-- Counted in days, for a client that is refused asks again, several times a second. A refusal of the tenant's own topics, or of groups,
-- is no wish for more. A tier without a price, or above one, counts as above.
WITH
    wanted AS
    (
        SELECT
            toString(assumeNotNull(tenant)) AS tenant, toDate(time) AS day, toStartOfMinute(time) AS minute, operation = 'HISTORY' AS is_history,
            if(resource_type = 'Topic', arrayElement({topic_tiers:Array(String)}, indexOf({topics:Array(String)}, toString(resource))), '') AS of_tier
        FROM access_decisions
        WHERE toDate(time) >= {from:Date} AND toDate(time) < {to:Date} AND tenant IS NOT NULL
            AND (operation = 'HISTORY' OR (resource_type = 'Topic' AND has({topics:Array(String)}, toString(resource))))
    ),
    sold AS
    (
        SELECT tier, rank FROM tiers_sold(to = {as_of:Date})
    )
SELECT
    customers.tenant AS tenant,
    uniqExactIf(day, NOT is_history) AS denied_days,
    uniqExactIf(minute, NOT is_history) AS denied_minutes,
    arraySort(groupUniqArrayIf(of_tier, NOT is_history)) AS tiers,
    uniqExactIf(day, is_history) AS history_days,
    uniqExactIf(minute, is_history) AS history_minutes
FROM customers_between(from = {from:Date}, to = {as_of:Date}) AS customers
INNER JOIN wanted ON customers.tenant = wanted.tenant
LEFT JOIN sold AS own ON customers.tier = own.tier
LEFT JOIN sold AS other ON wanted.of_tier = other.tier
WHERE {tenant:String} IN ('', customers.tenant) AND (is_history OR (of_tier != customers.tier AND ifNull(other.rank > own.rank, true)))
GROUP BY tenant
ORDER BY tenant

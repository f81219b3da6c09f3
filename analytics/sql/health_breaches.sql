-- Question: on how many days was a promise to each customer broken?
-- Grain:    one row per customer with a breach
-- Params:   tenant String: empty for all, from Date inclusive, to Date exclusive, as_of Date: what is known of customers before it
--
-- Who has all symbols of its tier bears the tier's breaches; who has fewer, its own. A breach that goes on is one of every day.
WITH incidents AS
(
    SELECT
        incident,
        any(toString(told.subject)) AS of_subject,
        any(toString(told.objective)) AS broken,
        greatest(toDate(any(began_time)), {from:Date}) AS first,
        least(if(countIf(kind = 'RECOVERY') > 0, toDate(maxIf(time, kind = 'RECOVERY')), {to:Date} - 1), {to:Date} - 1) AS last
    FROM sla_events AS told
    WHERE kind IN ('BREACH', 'RECOVERY') AND began_time < toDateTime64({to:Date}, 6, 'UTC')
    GROUP BY incident
    HAVING first <= last
)
SELECT
    customers.tenant AS tenant,
    uniqExact(arrayJoin(arrayMap(n -> incidents.first + n, range(toUInt32(incidents.last - incidents.first + 1))))) AS breached_days,
    uniqExact(incident) AS breaches,
    arraySort(groupUniqArray(broken)) AS objectives
FROM customers_between(from = {from:Date}, to = {as_of:Date}) AS customers
INNER JOIN incidents ON if(empty(customers.symbols), customers.tier, customers.tenant) = incidents.of_subject
WHERE {tenant:String} IN ('', customers.tenant)
GROUP BY tenant
ORDER BY tenant

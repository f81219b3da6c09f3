-- Question: how often did each tenant ask for help?
-- Grain:    one row per tenant that did
-- Params:   tenant String: empty for all, from Date inclusive, to Date exclusive: when tickets were opened
SELECT toString(tenant) AS tenant, count() AS tickets, countIf(severity IN ('high', 'urgent')) AS severe,
    arraySort(groupUniqArray(toString(topic))) AS topics
FROM ops_tickets
WHERE toDate(opened_at) >= {from:Date} AND toDate(opened_at) < {to:Date} AND {tenant:String} IN ('', ops_tickets.tenant)
GROUP BY tenant
ORDER BY tenant

-- Question: whose invoices are late on a day, how late, and how much is owed?
-- Grain:    one row per tenant with an invoice that is late by more than late_days
-- Params:   tenant String: empty for all, day Date, late_days UInt32
SELECT toString(tenant) AS tenant, count() AS invoices, sum(amount_microusd) AS owed_microusd,
    max(dateDiff('day', due_on, {day:Date})) AS days_late
FROM ops_invoices
WHERE issued_on <= {day:Date} AND due_on < {day:Date} - {late_days:UInt32} AND (paid_on IS NULL OR paid_on > {day:Date})
    AND {tenant:String} IN ('', ops_invoices.tenant)
GROUP BY tenant
ORDER BY tenant

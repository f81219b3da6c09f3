-- Question: does each customer consume more than in the thirty days before?
-- Grain:    one row per customer
-- Params:   tenant String: empty for all, to Date exclusive: the end of the latter thirty days, as_of Date: what is known of customers before it,
--           days Array(Date): trading days of the sixty
--
-- Per trading day, for two spans of thirty days have not as many of them. change_percent: NULL where the tenant has not been a customer for
-- sixty days, or consumed nothing in the former thirty.
WITH
    customers AS
    (
        SELECT * FROM customers_between(from = {to:Date} - 60, to = {as_of:Date}) WHERE {tenant:String} IN ('', tenant)
    ),
    arrayCount(day -> day < {to:Date} - 30, {days:Array(Date)}) AS former_days,
    length({days:Array(Date)}) - former_days AS latter_days
SELECT
    customers.tenant AS tenant,
    before,
    recent,
    customers.since <= toDate32({to:Date} - 60) AS is_old_enough,
    if(
        is_old_enough AND before > 0 AND former_days > 0 AND latter_days > 0,
        round(100 * ((recent / latter_days) / (before / former_days) - 1), 2),
        NULL
    ) AS change_percent
FROM customers
LEFT JOIN
(
    SELECT toString(tenant) AS tenant, sumIf(ticks, day < {to:Date} - 30) AS before, sumIf(ticks, day >= {to:Date} - 30) AS recent
    FROM consumption_days FINAL
    WHERE day >= {to:Date} - 60 AND day < {to:Date}
    GROUP BY tenant
) AS eaten ON customers.tenant = eaten.tenant
ORDER BY tenant

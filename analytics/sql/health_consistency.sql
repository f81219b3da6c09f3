-- Question: how steadily does each customer consume?
-- Grain:    one row per customer
-- Params:   tenant String: empty for all, from Date inclusive, to Date exclusive, as_of Date: what is known of customers before it,
--           days Array(Date): trading days of the span
--
-- consistency = 100 * active / trading days since the tenant came * (1 - least(1, CV of daily ticks)). CV: population deviation by mean, of the
-- days on which it consumed anything: those on which it did not are counted by the first factor.
WITH eaten AS
(
    SELECT toString(tenant) AS tenant, day, sum(ticks) AS of_day
    FROM consumption_days FINAL
    WHERE day >= {from:Date} AND day < {to:Date} AND has({days:Array(Date)}, day) AND {tenant:String} IN ('', consumption_days.tenant)
    GROUP BY tenant, day
    HAVING of_day > 0
)
SELECT tenant, trading_days, active_days, cv, consistency
FROM
(
    SELECT
        customers.tenant AS tenant,
        arrayCount(day -> toDate32(day) >= customers.since, {days:Array(Date)}) AS trading_days,
        countIf(eaten.of_day > 0 AND toDate32(eaten.day) >= customers.since) AS active_days,
        if(active_days = 0, NULL, stddevPopIf(eaten.of_day, eaten.of_day > 0) / avgIf(eaten.of_day, eaten.of_day > 0)) AS deviation,
        round(deviation, 4) AS cv,
        if(active_days = 0, 0, round(100 * active_days / trading_days * (1 - least(1, deviation)), 2)) AS consistency
    FROM customers_between(from = {from:Date}, to = {as_of:Date}) AS customers
    LEFT JOIN eaten ON customers.tenant = eaten.tenant
    WHERE {tenant:String} IN ('', customers.tenant)
    GROUP BY tenant, customers.since
)
ORDER BY tenant

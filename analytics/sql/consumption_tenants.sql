-- Question: who was a customer or consumed anything, of which tier, and what did each consume, how fast and how good was it?
-- Grain:    one row per tenant
-- Params:   tenant String: empty for all, from Date inclusive, to Date exclusive, as_of Date: what is known of customers before it
--
-- tier: what it had last in the span; of a tenant that neither the register nor a subscription knows (told_by consumption), the tier
-- it consumed most of. latency_ms: published - received, conflation included; usable_percent: NORMAL or LOCKED.
WITH
    customers AS
    (
        SELECT * FROM customers_between(from = {from:Date}, to = {as_of:Date}) WHERE {tenant:String} IN ('', tenant)
    ),
    consumed AS
    (
        SELECT
            tenant,
            argMax(tier, (of_tier, tier)) AS most_of,
            arraySort(groupUniqArrayArray(of_symbols)) AS symbols,
            sum(of_tier) AS ticks,
            sum(of_replayed) AS replayed,
            round(sum(of_waited_us) / nullIf(sum(of_timed), 0) / 1000, 3) AS latency_ms,
            round(100 * sum(of_usable) / nullIf(sum(of_tier), 0), 2) AS usable_percent
        FROM
        (
            SELECT toString(tenant) AS tenant, toString(tier) AS tier, groupUniqArrayIf(toString(symbol), ticks > 0) AS of_symbols,
                sum(ticks) AS of_tier, sum(replayed) AS of_replayed, sum(waited_us) AS of_waited_us, sum(timed) AS of_timed,
                sum(usable) AS of_usable
            FROM consumption_days FINAL
            WHERE day >= {from:Date} AND day < {to:Date} AND {tenant:String} IN ('', consumption_days.tenant)
            GROUP BY tenant, tier
        )
        GROUP BY tenant
        HAVING ticks + replayed > 0
    )
SELECT
    if(customers.tenant = '', consumed.tenant, customers.tenant) AS tenant,
    if(customers.tenant = '', most_of, customers.tier) AS tier,
    if(customers.tenant = '', 'consumption', customers.told_by) AS told_by,
    if(customers.tenant = '', NULL, customers.since) AS since,
    if(customers.tenant = '', NULL, customers.until) AS until,
    arraySort(customers.symbols) AS narrower,
    consumed.symbols AS symbols,
    ticks,
    replayed,
    latency_ms,
    usable_percent
FROM customers
FULL JOIN consumed ON customers.tenant = consumed.tenant
ORDER BY tenant

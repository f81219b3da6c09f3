-- Question: what did each tenant earn us in a span, what was credited, and what was invoiced for it?
-- Grain:    one row per tenant with any of them
-- Params:   from Date inclusive: the first of a month, to Date exclusive
--
-- gross: earned by subscriptions day by day, net: less approved credits of the month. invoiced: of each invoice the days that are in
-- the span, in whole micro-dollars that add up to the invoice. why: how invoiced and net differ; empty where they do not.
SELECT
    tenant,
    argMax(of_tier, last) AS tier,
    sum(earned) AS gross_microusd,
    sum(credited) AS credits_microusd,
    gross_microusd - credits_microusd AS net_microusd,
    sum(billed) AS invoiced_microusd,
    multiIf(
        invoiced_microusd = net_microusd, '',
        max(is_invoice) = 0, 'not invoiced',
        max(is_earned) = 0, 'invoiced, nothing earned',
        invoiced_microusd = gross_microusd, 'credit not on the invoice',
        invoiced_microusd < net_microusd, 'invoiced less than earned',
        'invoiced more than earned'
    ) AS why
FROM
(
    SELECT toString(tenant) AS tenant, toString(tier) AS of_tier, day AS last, microusd AS earned, toInt64(0) AS credited,
        toInt64(0) AS billed, 1 AS is_earned, 0 AS is_invoice
    FROM revenue_days
    WHERE day >= {from:Date} AND day < {to:Date}
    UNION ALL
    SELECT toString(tenant), '', toDate(0), 0, microusd, 0, 0, 0
    FROM approved_credits
    WHERE toDate(month) >= {from:Date} AND toDate(month) < {to:Date}
    UNION ALL
    SELECT tenant, '', toDate(0), 0, 0,
        toInt64(intDiv(toInt128(amount_microusd) * after, days) - intDiv(toInt128(amount_microusd) * before, days)), 0, 1
    FROM
    (
        SELECT
            toString(tenant) AS tenant,
            amount_microusd,
            toInt32(from_date) AS first,
            greatest(toInt32(to_date) - first, 1) AS days,
            greatest(toInt32({from:Date}) - first, 0) AS before,
            least(toInt32({to:Date}) - first, days) AS after
        FROM ops_invoices
        WHERE before < after
    )
)
GROUP BY tenant
ORDER BY tenant

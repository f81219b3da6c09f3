-- Question: which sources of the figures about tenants hold anything, and how much of it is synthetic?
-- Grain:    one row per source
-- Params:   from Date inclusive, to Date exclusive
--
-- consumption, published and judged: rows of the span; costs: rows of the months that the span touches, with the months that have none
-- in missing. The others: rows at all, for where there are none, nobody has told of anything.
WITH months AS
(
    SELECT DISTINCT toStartOfMonth(toDate(arrayJoin(range(toUInt32({from:Date}), toUInt32({to:Date}))))) AS month
)
SELECT * FROM
(
    SELECT 'consumption' AS source, count() AS stored, 0 AS synthetic, CAST([], 'Array(String)') AS missing
    FROM consumption_days WHERE day >= {from:Date} AND day < {to:Date}
    UNION ALL
    SELECT 'published', count(), 0, [] FROM tier_hours WHERE toDate(hour) >= {from:Date} AND toDate(hour) < {to:Date}
    UNION ALL
    SELECT 'judged', count(), 0, [] FROM sla_slices WHERE toDate(slice_start) >= {from:Date} AND toDate(slice_start) < {to:Date}
    UNION ALL
    SELECT 'costs', sum(held), sum(made_up), arraySort(groupArrayIf(formatDateTime(months.month, '%Y-%m'), held = 0))
    FROM months
    LEFT JOIN
    (
        SELECT month, count() AS held, countIf(source = 'synthetic') AS made_up FROM cost_allocations GROUP BY month
    ) AS stored ON months.month = stored.month
    UNION ALL
    SELECT 'decisions', count(), 0, [] FROM access_decisions
    UNION ALL
    SELECT 'subscriptions', count(), countIf(source = 'synthetic'), [] FROM ops_subscriptions
    UNION ALL
    SELECT 'credits', count(), countIf(source = 'synthetic'), [] FROM approved_credits
    UNION ALL
    SELECT 'tickets', count(), countIf(source = 'synthetic'), [] FROM ops_tickets
    UNION ALL
    SELECT 'invoices', count(), countIf(source = 'synthetic'), [] FROM ops_invoices
)
ORDER BY source

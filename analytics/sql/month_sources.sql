-- Question: what is there for a month's figures to rest on, and is any of it synthetic?
-- Grain:    one row per kind of input
-- Params:   from Date inclusive, to Date exclusive
--
-- ever: rows of any time, first: the first day that they tell of. within: rows that tell of the span. synthetic: how many of those.
SELECT kind, count() AS ever, min(begins) AS first, countIf(begins < toInt32({to:Date}) AND ends > toInt32({from:Date})) AS within,
    countIf(is_synthetic AND begins < toInt32({to:Date}) AND ends > toInt32({from:Date})) AS synthetic
FROM
(
    SELECT 'subscriptions' AS kind, toInt32(from_date) AS begins, toInt32(coalesce(to_date, toDate32('2299-12-31'))) AS ends,
        source = 'synthetic' AS is_synthetic FROM ops_subscriptions
    UNION ALL SELECT 'invoices', toInt32(from_date), toInt32(to_date), source = 'synthetic' FROM ops_invoices
    UNION ALL SELECT 'credits', toInt32(toDate(month)), toInt32(toDate(month)) + 1, source = 'synthetic' FROM approved_credits
    UNION ALL SELECT toString(kind), toInt32(toDate(answered_at)), toInt32(toDate(answered_at)) + 1, source = 'synthetic' FROM ops_surveys
    UNION ALL SELECT 'opportunities', toInt32(opened_on), toInt32(coalesce(closed_on, opened_on)) + 1, source = 'synthetic' FROM ops_opportunities
    UNION ALL SELECT 'charges', toInt32(charge_period_start), greatest(toInt32(charge_period_end), toInt32(charge_period_start) + 1),
        source = 'synthetic' FROM ops_cost_charges
    UNION ALL SELECT 'contracts', toInt32(from_date), toInt32(coalesce(to_date, toDate32('2299-12-31'))), source = 'synthetic'
        FROM ops_broker_contracts
    UNION ALL SELECT 'allocations', toInt32(day), toInt32(day) + 1, source = 'synthetic' FROM cost_allocations
    UNION ALL SELECT 'consumption', toInt32(day), toInt32(day) + 1, false FROM consumption_days
    UNION ALL SELECT 'tiers', toInt32(toDate(hour)), toInt32(toDate(hour)) + 1, false FROM tier_hours
    UNION ALL SELECT 'brokers', toInt32(day), toInt32(day) + 1, false FROM broker_days
)
GROUP BY kind
ORDER BY kind

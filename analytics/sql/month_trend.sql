-- Question: what did each month earn and cost, and whom did it serve?
-- Grain:    one row per month of the span, in order
-- Params:   from Date inclusive: the first of a month, to Date exclusive
--
-- gross: what subscriptions earned day by day; credits: approved ones of the month. subscribers: tenants with a subscription of
-- any price in it. cost: of each charge the days that are in the month, all alike, its first days a micro-dollar more where it takes
-- that to add up to the charge; told: of charges that say what was provisioned and what was used. customers: tenants that consumed a tick.
WITH
    months AS
    (
        SELECT
            addMonths({from:Date}, number) AS month,
            least(addMonths(month, 1), {to:Date}) AS until
        FROM numbers(assumeNotNull(toUInt64(dateDiff('month', {from:Date}, {to:Date} - 1) + 1)))
    ),
    earned AS
    (
        SELECT toStartOfMonth(day) AS month, uniqExact(tenant) AS subscribers, sum(microusd) AS gross
        FROM revenue_days
        WHERE day >= {from:Date} AND day < {to:Date}
        GROUP BY month
    ),
    given AS
    (
        SELECT toStartOfMonth(toDate(month)) AS of_month, sum(microusd) AS credits
        FROM approved_credits
        WHERE toDate(month) >= {from:Date} AND toDate(month) < {to:Date}
        GROUP BY of_month
    ),
    parts AS
    (
        SELECT
            month,
            toInt32(charge_period_start) AS first,
            greatest(toInt32(charge_period_end) - first, 1) AS days,
            greatest(toInt32(month) - first, 0) AS before,
            least(toInt32(until) - first, days) AS after,
            abs(effective_cost_microusd) AS cost,
            toInt64(sign(effective_cost_microusd)) * toInt64(
                intDiv(cost, days) * (after - before) + least(cost % days, after) - least(cost % days, before)
            ) AS microusd,
            mapContains(tags, 'provisioned') AND mapContains(tags, 'used') AS is_told
        FROM ops_cost_charges
        CROSS JOIN months
        WHERE before < after
    ),
    spent AS
    (
        SELECT month, count() AS charges, sum(microusd) AS cost, sumIf(microusd, is_told) AS told
        FROM parts
        GROUP BY month
    ),
    served AS
    (
        SELECT toStartOfMonth(day) AS month, uniqExact(tenant) AS customers, sum(consumed.ticks) AS ticks
        FROM consumption_days AS consumed FINAL
        WHERE day >= {from:Date} AND day < {to:Date} AND consumed.ticks > 0
        GROUP BY month
    )
SELECT
    months.month AS month,
    earned.subscribers AS subscribers,
    earned.gross AS gross_microusd,
    given.credits AS credits_microusd,
    spent.charges AS charges,
    spent.cost AS cost_microusd,
    spent.told AS told_microusd,
    served.customers AS customers,
    served.ticks AS ticks
FROM months
LEFT JOIN earned ON earned.month = months.month
LEFT JOIN given ON given.of_month = months.month
LEFT JOIN spent ON spent.month = months.month
LEFT JOIN served ON served.month = months.month
ORDER BY month

-- What each day of a subscription earned: the month's price by its days, in whole micro-dollars that add up to the price. Days to come
-- have earned nothing yet. Gross: credits are taken off by the month, in approved_credits.
CREATE VIEW IF NOT EXISTS revenue_days AS
SELECT
    tenant,
    tier,
    day,
    toInt64(intDiv(toInt128(price_microusd) * nth, days) - intDiv(toInt128(price_microusd) * (nth - 1), days)) AS microusd,
    source
FROM
(
    SELECT
        tenant,
        tier,
        price_microusd,
        source,
        toDate(arrayJoin(range(toUInt32(from_date), toUInt32(least(assumeNotNull(coalesce(to_date, today() + 1)), today() + 1))))) AS day,
        toDayOfMonth(day) AS nth,
        toDayOfMonth(toLastDayOfMonth(day)) AS days
    FROM ops_subscriptions
);

-- Credits that count against revenue: those for broken promises that somebody approved, and those given by hand.
CREATE VIEW IF NOT EXISTS approved_credits AS
SELECT tenant, month, amount_microusd AS microusd, 'sla' AS kind, 'real' AS source
FROM
(
    SELECT
        tenant,
        month,
        anyIf(amount_microusd, step = 'PROPOSED') AS amount_microusd,
        countIf(step != 'PROPOSED') > 0 AND argMinIf(step, at, step != 'PROPOSED') = 'APPROVED' AS is_approved
    FROM credits FINAL
    GROUP BY tenant, month
)
WHERE is_approved
UNION ALL
SELECT tenant, toDate(toStartOfMonth(month)), amount_microusd, 'by hand', toString(source)
FROM ops_credits
WHERE state IN ('approved', 'invoiced')

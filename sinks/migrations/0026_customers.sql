-- Who was a customer of which tier, from when to when: as the register tells, and as subscriptions do.
--
-- One row per version of the register in which the tenant was active, within its contract; what came first goes back to the contract's
-- first day. One row per subscription. told_by says which; the two overlap where both know the tenant.
CREATE VIEW IF NOT EXISTS customer_spans AS
SELECT *
FROM
(
    SELECT
        toString(tenant) AS tenant,
        'register' AS told_by,
        toString(tier) AS tier,
        symbols,
        if(
            contract_from IS NULL, valid_from,
            if(is_first, toDateTime64(assumeNotNull(contract_from), 6, 'UTC'), greatest(valid_from, toDateTime64(assumeNotNull(contract_from), 6, 'UTC')))
        ) AS from_time,
        if(contract_to IS NULL, next, least(next, toDateTime64(assumeNotNull(contract_to), 6, 'UTC'))) AS to_time
    FROM
    (
        SELECT *, row_number() OVER versions = 1 AS is_first,
            leadInFrame(valid_from, 1, toDateTime64('2299-12-31 00:00:00', 6, 'UTC')) OVER versions AS next
        FROM tenant_versions FINAL
        WINDOW versions AS (PARTITION BY tenant ORDER BY valid_from ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
    )
    WHERE active
    UNION ALL
    SELECT toString(tenant), 'subscriptions', toString(tier), [], toDateTime64(from_date, 6, 'UTC'),
        toDateTime64(ifNull(to_date, toDate32('2299-12-31')), 6, 'UTC')
    FROM ops_subscriptions
)
WHERE from_time < to_time;

-- One row per tenant that was a customer at any time of [from, to): what it had last in it. since: of the span it was in at `from`,
-- else when it came; until: the day after its last one. Where both know a tenant for as long, the register is believed.
CREATE VIEW IF NOT EXISTS customers_between AS
SELECT
    tenant,
    argMax(tier, last) AS tier,
    argMax(symbols, last) AS symbols,
    argMax(told_by, last) AS told_by,
    toDate32(min(from_time)) AS since,
    toDate32(max(to_time) - toIntervalMicrosecond(1)) + 1 AS until
FROM
(
    SELECT *, (least(to_time, toDateTime64({to:Date}, 6, 'UTC')), told_by = 'register', from_time) AS last
    FROM customer_spans
    WHERE from_time < toDateTime64({to:Date}, 6, 'UTC') AND to_time > toDateTime64({from:Date}, 6, 'UTC')
)
GROUP BY tenant;

-- One row per tier that was sold before a day, as it was then; by list price each has one above it (next_tier), but the dearest.
-- rank: 1 is the cheapest. Of a tier without a list price, neither is known.
CREATE VIEW IF NOT EXISTS tiers_sold AS
SELECT
    *,
    if(price_microusd IS NULL, NULL, row_number() OVER ladder) AS rank,
    if(price_microusd IS NULL, NULL, leadInFrame(toNullable(tier)) OVER ladder) AS next_tier
FROM
(
    SELECT
        toString(tier) AS tier,
        argMax(active, valid_from) AS is_active,
        argMax(symbols, valid_from) AS symbols,
        argMax(features, valid_from) AS features,
        argMax(tuple(latency_ms), valid_from).1 AS latency_ms,
        argMax(tuple(completeness_percent), valid_from).1 AS completeness_percent,
        argMax(tuple(uptime_percent), valid_from).1 AS uptime_percent,
        argMax(tuple(price_microusd), valid_from).1 AS price_microusd
    FROM tier_versions FINAL
    WHERE valid_from < toDateTime64({to:Date}, 6, 'UTC')
    GROUP BY tier
)
WHERE is_active
WINDOW ladder AS (
    PARTITION BY price_microusd IS NULL ORDER BY price_microusd, tier ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
)

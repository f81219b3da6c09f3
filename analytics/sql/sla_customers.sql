-- Question: who had bought what at the end of a month, since when in it, at what list price, and with which promises?
-- Grain:    one row per tenant that was active at the end, of a tier that was sold then
-- Params:   tenant String, empty: all of them, from DateTime64, to DateTime64: the month
--
-- since: when it came, or changed its tier or its symbols. A new name is no change of what was bought.
WITH
    bought AS
    (
        SELECT
            tenant,
            argMax(active, valid_from) AS is_active,
            argMax(tier, valid_from) AS of_tier,
            argMax(symbols, valid_from) AS narrower,
            greatest(maxIf(valid_from, is_another), {from:DateTime64(6, 'UTC')}) AS since
        FROM
        (
            SELECT
                *,
                row_number() OVER versions = 1 OR (active, tier, symbols) != (
                    lagInFrame(active) OVER versions, lagInFrame(tier) OVER versions, lagInFrame(symbols) OVER versions
                ) AS is_another
            FROM tenant_versions FINAL
            WHERE valid_from < {to:DateTime64(6, 'UTC')} AND {tenant:String} IN ('', tenant)
            WINDOW versions AS (PARTITION BY tenant ORDER BY valid_from ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
        )
        GROUP BY tenant
    ),
    sold AS
    (
        SELECT
            tier,
            argMax(active, valid_from) AS is_active,
            argMax(brokers, valid_from) AS of_brokers,
            argMax(tuple(price_microusd), valid_from).1 AS price_microusd,
            argMax(tuple(latency_ms), valid_from).1 AS latency_ms,
            argMax(tuple(completeness_percent), valid_from).1 AS completeness_percent,
            argMax(tuple(uptime_percent), valid_from).1 AS uptime_percent
        FROM tier_versions FINAL
        WHERE valid_from < {to:DateTime64(6, 'UTC')}
        GROUP BY tier
    )
SELECT
    toString(bought.tenant) AS tenant,
    toString(bought.of_tier) AS tier,
    bought.narrower AS symbols,
    bought.since AS since,
    sold.of_brokers AS brokers,
    sold.price_microusd AS price_microusd,
    sold.latency_ms AS latency_ms,
    sold.completeness_percent AS completeness_percent,
    sold.uptime_percent AS uptime_percent
FROM bought
INNER JOIN sold ON sold.tier = bought.of_tier
WHERE bought.is_active AND sold.is_active
ORDER BY tenant

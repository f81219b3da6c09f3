-- Question: how much of what may go wrong did go wrong, for whoever has the same symbols of the same tier?
-- Grain:    one row per (tier, symbols that any customer has: empty for all of the tier's, objective) with slices
-- Params:   tenant String: empty for all, from Date inclusive, to Date exclusive, as_of Date: what is known of customers before it
--
-- What sla_judged.sql tells of one set of symbols, told of all at once: shares are added up by symbol, and slices of time that are alike in
-- every symbol are judged once. budget_used: bad / (total * (1 - objective)), of what was judged; NULL where a share has fewer than 100 events.
WITH
    sets AS
    (
        SELECT DISTINCT tier, arraySort(symbols) AS narrower
        FROM customers_between(from = {from:Date}, to = {as_of:Date})
        WHERE {tenant:String} IN ('', tenant)
    ),
    slices AS
    (
        SELECT toString(tier) AS tier, toString(objective) AS objective, symbols, good, total
        FROM sla_slices FINAL
        WHERE slice_start >= toDateTime({from:Date}, 'UTC') AND slice_start < toDateTime({to:Date}, 'UTC')
            AND sla_slices.tier IN (SELECT tier FROM sets)
    ),
    shares AS
    (
        SELECT tier, objective, each.1 AS symbol, sum(each.2) AS good, sum(each.3) AS total
        FROM (SELECT tier, objective, arrayJoin(arrayZip(symbols, good, total)) AS each FROM slices)
        WHERE objective IN ('latency', 'completeness')
        GROUP BY tier, objective, symbol
    ),
    patterns AS
    (
        SELECT tier, objective, symbols, arrayMap((g, t) -> g >= t, good, total) AS is_fine, count() AS alike
        FROM slices
        WHERE objective IN ('uptime', 'redundancy')
        GROUP BY tier, objective, symbols, is_fine
    ),
    judged AS
    (
        SELECT sets.tier AS tier, narrower, objective, sum(good) AS good, sum(total) AS total
        FROM sets INNER JOIN shares ON sets.tier = shares.tier
        WHERE empty(narrower) OR has(narrower, symbol)
        GROUP BY tier, narrower, objective
        UNION ALL
        SELECT tier, narrower, objective, sum(alike * (fine * 100 >= 95 * among)), sum(alike)
        FROM
        (
            SELECT sets.tier AS tier, narrower, objective, alike,
                arrayCount(symbol -> empty(narrower) OR has(narrower, symbol), symbols) AS among,
                arrayCount((symbol, yes) -> yes AND (empty(narrower) OR has(narrower, symbol)), symbols, is_fine) AS fine
            FROM sets INNER JOIN patterns ON sets.tier = patterns.tier
        )
        WHERE among > 0
        GROUP BY tier, narrower, objective
    )
SELECT
    judged.tier AS tier,
    narrower,
    objective,
    good,
    total,
    multiIf(
        objective = 'latency', if(sold.latency_ms IS NULL, NULL, 99),
        objective = 'completeness', sold.completeness_percent,
        sold.uptime_percent
    ) AS target_percent,
    if(
        objective IN ('latency', 'completeness') AND total < 100, NULL,
        round((total - good) / nullIf(total * (1 - target_percent / 100), 0), 4)
    ) AS budget_used
FROM judged
INNER JOIN tiers_sold(to = {as_of:Date}) AS sold ON judged.tier = sold.tier
WHERE target_percent IS NOT NULL
ORDER BY tier, narrower, objective

-- Question: which credits were proposed, and what was decided?
-- Grain:    one row per (tenant, month)
-- Params:   month String: such as 2026-10; empty for all
SELECT
    toString(tenant) AS tenant,
    formatDateTime(told.month, '%Y-%m') AS month,
    if(countIf(step != 'PROPOSED') = 0, 'proposed', lower(toString(argMinIf(step, at, step != 'PROPOSED')))) AS state,
    any(tier) AS tier,
    anyIf(fee_microusd, step = 'PROPOSED') AS fee_microusd,
    anyIf(percent, step = 'PROPOSED') AS percent,
    anyIf(amount_microusd, step = 'PROPOSED') AS amount_microusd,
    anyIf(good, step = 'PROPOSED') AS good,
    anyIf(total, step = 'PROPOSED') AS total,
    anyIf(target_ppm, step = 'PROPOSED') / 10000 AS target_percent,
    anyIf(evidence, step = 'PROPOSED') AS evidence,
    argMinIf(decided_by, at, step != 'PROPOSED') AS decided_by,
    argMinIf(note, at, step != 'PROPOSED') AS note
FROM credits AS told FINAL
WHERE {month:String} = '' OR formatDateTime(told.month, '%Y-%m') = {month:String}
GROUP BY tenant, told.month
ORDER BY month, tenant

-- Question: how many bytes did the cluster send each tenant?
-- Grain:    one row per (day, tenant); day counts from `from`
-- Params:   from Date inclusive, to Date exclusive
--
-- Principals that are no tenants are left out: the project's own parts. tier: of which the tenant consumed that day; empty where
-- that was none, or several.
WITH consumed AS
(
    SELECT tenant, day, if(uniqExact(tier) = 1, toString(any(tier)), '') AS tier
    FROM consumption_days FINAL
    WHERE day >= {from:Date} AND day < {to:Date} AND ticks > 0
    GROUP BY tenant, day
)
SELECT toInt32(sent.day - {from:Date}) AS day, sent.tenant AS tenant, consumed.tier AS tier, sent.bytes AS bytes
FROM
(
    SELECT toDate(minute) AS day, toString(principal) AS tenant, toInt64(sum(bytes)) AS bytes
    FROM principal_bytes FINAL
    WHERE minute >= toDateTime({from:Date}, 'UTC') AND minute < toDateTime({to:Date}, 'UTC')
        AND principal IN (SELECT tenant FROM tenant_versions UNION DISTINCT SELECT tenant FROM consumption_days)
    GROUP BY day, tenant
) AS sent
LEFT JOIN consumed ON sent.tenant = consumed.tenant AND sent.day = consumed.day
WHERE bytes > 0
ORDER BY day, tenant

-- Question: what did each tenant ask for, and was refused?
-- Grain:    one row per (tenant, resource_type, resource, operation)
-- Params:   from DateTime64 inclusive, to DateTime64 exclusive
--
-- A client that is refused asks again, several times a second: minutes says in how many minutes it did, which is closer to
-- how much it is wanted than denied. The same line of the log may be told twice, and counts once.
SELECT
    tenant,
    resource_type,
    resource,
    operation,
    uniqExact(source, source_position) AS denied,
    uniqExact(toStartOfMinute(time)) AS minutes,
    min(time) AS first,
    max(time) AS last
FROM access_decisions
WHERE time >= {from:DateTime64(6, 'UTC')} AND time < {to:DateTime64(6, 'UTC')} AND tenant IS NOT NULL
GROUP BY tenant, resource_type, resource, operation
ORDER BY tenant, resource_type, resource, operation

-- Question: which maintenance was announced? What was generated excuses nobody from a promise.
-- Grain:    one row per maintenance
-- Params:   none
SELECT announced_at, starts_at, ends_at, what
FROM ops_maintenance
WHERE source = 'real'
ORDER BY starts_at, maintenance

-- Question: which charges of a month are not allocated to the micro-dollar?
-- Grain:    one row per charge of which the days in the month, and what is allocated of it, differ
-- Params:   from Date inclusive: the month, to Date exclusive
SELECT charge, max(of_service) AS service, sum(charged) AS charged_microusd, sum(allocated) AS allocated_microusd
FROM
(
    SELECT
        toString(charge) AS charge,
        toString(service_name) AS of_service,
        toInt32(charge_period_start) AS first,
        greatest(toInt32(charge_period_end) - first, 1) AS days,
        greatest(toInt32({from:Date}) - first, 0) AS before,
        least(toInt32({to:Date}) - first, days) AS after,
        toInt64(
            intDiv(toInt128(effective_cost_microusd) * after, days) - intDiv(toInt128(effective_cost_microusd) * before, days)
        ) AS charged,
        toInt64(0) AS allocated
    FROM ops_cost_charges
    WHERE before < after
    UNION ALL
    SELECT toString(charge), toString(service), 0, 0, 0, 0, 0, microusd
    FROM cost_allocations
    WHERE month = {from:Date}
)
GROUP BY charge
HAVING charged_microusd != allocated_microusd
ORDER BY charge

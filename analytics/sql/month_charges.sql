-- Question: which charges of a month are not allocated to the micro-dollar?
-- Grain:    one row per charge of which the days in the month, and what is allocated of it, differ
-- Params:   from Date inclusive: the month, to Date exclusive
--
-- charged: by days all alike, its first days a micro-dollar more where it takes that to add up to the charge.
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
        abs(effective_cost_microusd) AS cost,
        toInt64(sign(effective_cost_microusd)) * toInt64(
            intDiv(cost, days) * (after - before) + least(cost % days, after) - least(cost % days, before)
        ) AS charged,
        toInt64(0) AS allocated
    FROM ops_cost_charges
    WHERE before < after
    UNION ALL
    SELECT toString(charge), toString(service), 0, 0, 0, 0, 0, 0, microusd
    FROM cost_allocations
    WHERE month = {from:Date}
)
GROUP BY charge
HAVING charged_microusd != allocated_microusd
ORDER BY charge

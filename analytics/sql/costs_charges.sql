-- Question: which charges have a day in a month?
-- Grain:    one row per charge
-- Params:   from Date inclusive, to Date exclusive
--
-- A charge that ends as it starts is of its first day.
SELECT
    charge,
    billing_period_start,
    charge_period_start,
    charge_period_end,
    provider_name,
    service_name,
    service_category,
    charge_category,
    resource_id,
    resource_name,
    billed_cost_microusd,
    effective_cost_microusd,
    tags,
    toString(source) AS source
FROM ops_cost_charges
WHERE charge_period_start < {to:Date} AND greatest(charge_period_end, charge_period_start + 1) > {from:Date}
ORDER BY charge

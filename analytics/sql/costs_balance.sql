-- Question: what did each charge come to in a month, and where does it stand?
-- Grain:    one row per charge that has a day in the month, or rows in the table
-- Params:   table Identifier: of the shape of cost_allocations, from Date: the month's first day, to Date: the next one's
--
-- origin: the charge by its days alike, each at least its whole part of it and the first days one more: what the days up to the
-- month's end carry, less what those before it carry. NULL where no charge has the id (any more).
WITH
    charges AS
    (
        SELECT
            charge,
            greatest(dateDiff('day', charge_period_start, charge_period_end), 1) AS days,
            least(greatest(dateDiff('day', charge_period_start, {from:Date}), 0), days) AS begin,
            least(greatest(dateDiff('day', charge_period_start, {to:Date}), 0), days) AS past,
            effective_cost_microusd AS cost,
            sign(cost) * (intDiv(abs(cost), days) * past + least(abs(cost) % days, past)
                - intDiv(abs(cost), days) * begin - least(abs(cost) % days, begin)) AS origin,
            toString(service_name) AS service,
            has(mapKeys(tags), 'provisioned') AND has(mapKeys(tags), 'used') AS has_capacity,
            toString(source) AS source
        FROM ops_cost_charges
        WHERE past > begin
    ),
    stored AS
    (
        SELECT
            toString(charge) AS charge,
            toString(any(service)) AS service,
            sumIf(microusd, line = 'allocated') AS allocated,
            sumIf(microusd, line = 'idle') AS idle,
            sumIf(microusd, line = 'unallocated') AS unallocated,
            arrayStringConcat(arraySort(groupUniqArray(toString(rule))), ', ') AS rule,
            uniqExactIf(tenant, line = 'allocated') AS tenants,
            count() AS rows,
            max(toString(source)) AS source
        FROM {table:Identifier}
        WHERE month = {from:Date}
        GROUP BY charge
    )
SELECT
    if(charges.charge != '', toString(charges.charge), stored.charge) AS charge,
    if(charges.charge != '', charges.service, stored.service) AS service,
    if(charges.charge != '', toInt64(charges.origin), NULL) AS origin_microusd,
    stored.allocated AS allocated_microusd,
    stored.idle AS idle_microusd,
    stored.unallocated AS unallocated_microusd,
    stored.rule AS rule,
    stored.tenants AS tenants,
    stored.rows AS rows,
    toBool(charges.has_capacity) AS has_capacity,
    toBool(greatest(charges.source, stored.source) = 'synthetic') AS synthetic
FROM charges
FULL OUTER JOIN stored ON charges.charge = stored.charge
ORDER BY charge

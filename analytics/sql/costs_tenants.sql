-- Question: what does each tenant bear of a month's cost?
-- Grain:    one row per tenant of the dearest `top`; one without a name for all others, if there are any
-- Params:   from Date: the month, top UInt32
--
-- tier: empty where it is several, or none.
SELECT
    if(place <= {top:UInt32}, tenant, '') AS tenant,
    count() AS tenants,
    if(tenants = 1, any(of_tier), '') AS tier,
    sum(direct) AS direct_microusd,
    sum(shared) AS shared_microusd,
    sum(idle) AS idle_microusd,
    sum(overhead) AS overhead_microusd,
    sum(cost) AS cost_microusd
FROM
(
    SELECT
        toString(tenant) AS tenant,
        if(uniqExact(tier) = 1, toString(any(tier)), '') AS of_tier,
        sumIf(microusd, class = 'direct') AS direct,
        sumIf(microusd, class = 'shared') AS shared,
        sumIf(microusd, class = 'idle') AS idle,
        sumIf(microusd, class = 'overhead') AS overhead,
        sum(microusd) AS cost,
        row_number() OVER (ORDER BY sum(microusd) DESC, tenant) AS place
    FROM cost_allocations
    WHERE month = {from:Date} AND line = 'allocated'
    GROUP BY tenant
)
GROUP BY if(place <= {top:UInt32}, place, 0) AS of_place, tenant
ORDER BY of_place = 0, of_place

-- Question: how is each charge's part of a month shared among tenants, tiers and brokers, in FOCUS columns?
-- Grain:    one row per (charge, line, tenant, tier, broker, class, rule, rule_version, method)
-- Params:   from Date: the month's first day, to Date: the next one's, tenant String: only this one's rows; empty: all
--
-- EffectiveCost alone is shared, and adds up to the charges' part of the month. AllocatedMethodId and AllocatedResourceId are FOCUS
-- 1.3's; what begins with x_ is ours.
SELECT
    charges.provider_name AS ProviderName,
    allocations.service AS ServiceName,
    charges.service_category AS ServiceCategory,
    charges.charge_category AS ChargeCategory,
    charges.resource_id AS ResourceId,
    charges.resource_name AS ResourceName,
    charges.billing_period_start AS BillingPeriodStart,
    greatest(charges.charge_period_start, toDate32({from:Date})) AS ChargePeriodStart,
    least(greatest(charges.charge_period_end, charges.charge_period_start + 1), toDate32({to:Date})) AS ChargePeriodEnd,
    'USD' AS BillingCurrency,
    toDecimal128(allocations.microusd, 6) / 1000000 AS EffectiveCost,
    if(allocations.rule = '', '', concat(allocations.rule, '/', allocations.rule_version)) AS AllocatedMethodId,
    allocations.method AS AllocatedMethodDetails,
    allocations.tenant AS AllocatedResourceId,
    allocations.charge AS x_ChargeId,
    allocations.line AS x_AllocationLine,
    allocations.class AS x_AllocationClass,
    allocations.tier AS x_Tier,
    allocations.broker AS x_Broker,
    allocations.is_synthetic AS x_Synthetic
FROM
(
    SELECT
        toString(charge) AS charge, toString(service) AS service, toString(line) AS line, toString(tenant) AS tenant,
        toString(tier) AS tier, toString(broker) AS broker, toString(class) AS class, toString(rule) AS rule,
        toString(rule_version) AS rule_version, toString(method) AS method, sum(microusd) AS microusd,
        toBool(max(source) = 'synthetic') AS is_synthetic
    FROM cost_allocations
    WHERE month = {from:Date} AND ({tenant:String} = '' OR tenant = {tenant:String})
    GROUP BY charge, service, line, tenant, tier, broker, class, rule, rule_version, method
    HAVING microusd != 0
) AS allocations
LEFT JOIN ops_cost_charges AS charges ON allocations.charge = charges.charge
ORDER BY x_ChargeId, x_AllocationLine, AllocatedResourceId, x_Tier, x_Broker, x_AllocationClass, AllocatedMethodId, AllocatedMethodDetails

-- Question: what does the register tell of a tenant, as of a moment?
-- Grain:    one row
-- Params:   tenant String, to DateTime64 exclusive: the moment
--
-- begins: the first row of any tenant, came: the first of this one, and contract_from: what that says. changed, is_active and
-- tier: of its newest version before the moment. NULL: there is none.
SELECT
    minOrNull(valid_from) AS begins,
    minOrNullIf(valid_from, tenant = {tenant:String}) AS came,
    argMinIf(tuple(contract_from), valid_from, tenant = {tenant:String}).1 AS contract_from,
    maxOrNullIf(valid_from, tenant = {tenant:String} AND valid_from < {to:DateTime64(6, 'UTC')}) AS changed,
    argMaxOrNullIf(active, valid_from, tenant = {tenant:String} AND valid_from < {to:DateTime64(6, 'UTC')}) AS is_active,
    argMaxOrNullIf(toString(tier), valid_from, tenant = {tenant:String} AND valid_from < {to:DateTime64(6, 'UTC')}) AS tier
FROM tenant_versions

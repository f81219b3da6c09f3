-- a runs from October 20 on: of November it has the first four days. g is of one day.
INSERT INTO ops_cost_charges_versions (charge, billing_period_start, charge_period_start, charge_period_end, provider_name, service_name, service_category, charge_category, resource_id, resource_name, billed_cost_microusd, effective_cost_microusd, tags, void, source, imported_at) VALUES
    ('a', '2026-10-01', '2026-10-20', '2026-11-05', 'AWS', 'EC2', 'Compute', 'Usage', 'i-1', 'one', 9, 9, {}, false, 'real', '2026-12-01 00:00:00'),
    ('g', '2026-11-01', '2026-11-30', '2026-11-30', 'AWS', 'EC2', 'Compute', 'Tax', '', '', 9, 9, {}, false, 'synthetic', '2026-12-01 00:00:00');
INSERT INTO cost_allocations (month, correction, line, tenant, tier, broker, symbol, day, charge, service, class, rule, rule_version, method, weight, microusd, source) VALUES
    ('2026-11-01', 0, 'allocated', 'acme', 'pro', 'fxcm', 'EURUSD', '2026-11-01', 'a', 'EC2', 'direct', 'brokers', '1', 'x', 3, 1500000, 'real'),
    ('2026-11-01', 0, 'allocated', 'acme', 'pro', 'fxcm', 'USDJPY', '2026-11-02', 'a', 'EC2', 'direct', 'brokers', '1', 'x', 3, 1, 'real'),
    ('2026-11-01', 1, 'allocated', 'globex', 'pro', 'fxcm', 'USDJPY', '2026-11-02', 'a', 'EC2', 'direct', 'brokers', '1', 'x', 3, -7, 'real'),
    ('2026-11-01', 0, 'unallocated', '', '', '', '', '2026-11-30', 'g', 'EC2', 'shared', '', '', 'no rule matches', 0, -2000000, 'synthetic'),
    ('2026-10-01', 0, 'allocated', 'acme', 'pro', 'fxcm', 'EURUSD', '2026-10-31', 'a', 'EC2', 'direct', 'brokers', '1', 'x', 3, 9, 'real');

-- a: 31 over 10 days from October 29 on: 4, then 3 a day: 3 days are of October, so November has 21; its rows say so. b: -5 over 2 days, the
-- last of November and the first of December: -3 and -2. c is all of the month, and only 8 of its 9 are there. old is no charge any more. e is
-- of December. f is of a day, and has no rows.
INSERT INTO ops_cost_charges_versions (charge, billing_period_start, charge_period_start, charge_period_end, provider_name, service_name, service_category, charge_category, resource_id, resource_name, billed_cost_microusd, effective_cost_microusd, tags, void, source, imported_at) VALUES
    ('a', '2026-11-01', '2026-10-29', '2026-11-08', '', 'one', '', '', '', '', 31, 31, {'provisioned': '3', 'used': '1'}, false, 'real', '2026-12-01 00:00:00'),
    ('b', '2026-11-01', '2026-11-30', '2026-12-02', '', 'two', '', '', '', '', -5, -5, {'used': '1'}, false, 'real', '2026-12-01 00:00:00'),
    ('c', '2026-11-01', '2026-11-01', '2026-12-01', '', 'two', '', '', '', '', 9, 9, {}, false, 'synthetic', '2026-12-01 00:00:00'),
    ('e', '2026-11-01', '2026-12-01', '2026-12-02', '', 'two', '', '', '', '', 9, 9, {}, false, 'real', '2026-12-01 00:00:00'),
    ('f', '2026-11-01', '2026-11-30', '2026-11-30', '', 'two', '', '', '', '', 4, 4, {}, false, 'real', '2026-12-01 00:00:00');
INSERT INTO cost_allocations (month, correction, line, tenant, tier, broker, symbol, day, charge, service, class, rule, rule_version, method, weight, microusd, source) VALUES
    ('2026-11-01', 0, 'allocated', 'acme', 'pro', '', '', '2026-11-01', 'a', 'one', 'direct', 'r', '1', 'even', 1, 10, 'real'),
    ('2026-11-01', 0, 'allocated', 'globex', 'pro', '', '', '2026-11-01', 'a', 'one', 'direct', 'r', '1', 'even', 1, 6, 'real'),
    ('2026-11-01', 1, 'allocated', 'globex', 'pro', '', '', '2026-11-02', 'a', 'one', 'direct', 's', '1', 'even', 1, -2, 'real'),
    ('2026-11-01', 0, 'idle', '', '', '', '', '2026-11-02', 'a', 'one', 'idle', 'r', '1', 'idle', 0, 7, 'real'),
    ('2026-11-01', 0, 'unallocated', '', '', '', '', '2026-11-30', 'b', 'two', 'shared', '', '', 'no rule', 0, -3, 'real'),
    ('2026-11-01', 0, 'allocated', 'acme', 'pro', '', '', '2026-11-30', 'c', 'two', 'shared', 'r', '1', 'even', 0, 8, 'synthetic'),
    ('2026-11-01', 0, 'allocated', 'acme', 'pro', '', '', '2026-11-30', 'old', 'gone', 'shared', 'r', '1', 'even', 0, 1, 'real'),
    ('2026-10-01', 0, 'allocated', 'acme', 'pro', '', '', '2026-10-30', 'a', 'one', 'direct', 'r', '1', 'even', 0, 10, 'real');

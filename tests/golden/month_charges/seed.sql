-- c1: two of its three days, 0.666666, are allocated. c2: 3100, of which 3000 and, later, 50 are. c3: allocated, and no charge any
-- more. c4: nothing is allocated. c5: of another month.
INSERT INTO ops_cost_charges_versions (charge, charge_period_start, charge_period_end, service_name, effective_cost_microusd, void, source, imported_at) VALUES
    ('c1', '2026-09-30', '2026-10-03', 'hosts', 1000000, false, 'real', '2026-11-01 00:00:00'),
    ('c2', '2026-10-01', '2026-11-01', 'feeds', 3100, false, 'real', '2026-11-01 00:00:00'),
    ('c3', '2026-10-01', '2026-11-01', 'hosts', 7, false, 'real', '2026-11-01 00:00:00'),
    ('c4', '2026-10-31', '2026-11-02', 'refunds', -100, false, 'real', '2026-11-01 00:00:00'),
    ('c5', '2026-11-01', '2026-11-02', 'hosts', 9, false, 'real', '2026-11-01 00:00:00');
INSERT INTO ops_cost_charges_versions (charge, charge_period_start, charge_period_end, service_name, effective_cost_microusd, void, source, imported_at) VALUES
    ('c3', '2026-10-01', '2026-11-01', 'hosts', 7, true, 'real', '2026-11-02 00:00:00');
INSERT INTO cost_allocations (month, correction, line, tenant, day, charge, service, class, microusd) VALUES
    ('2026-10-01', 0, 'allocated', 'acme', '2026-10-01', 'c1', 'hosts', 'shared', 600000),
    ('2026-10-01', 0, 'idle', '', '2026-10-01', 'c1', 'hosts', 'shared', 66666),
    ('2026-10-01', 0, 'allocated', 'acme', '2026-10-01', 'c2', 'feeds', 'shared', 3000),
    ('2026-10-01', 1, 'allocated', 'acme', '2026-10-01', 'c2', 'feeds', 'shared', 50),
    ('2026-10-01', 0, 'allocated', 'acme', '2026-10-01', 'c3', 'hosts', 'shared', 7);

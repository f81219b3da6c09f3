-- October 22 to November 11: ten days of October (31) and ten of November (30). acme pays 31 in October and 60 from November on: 10 + 20 = 30.
-- Its credit of October, 3.10, is borne by the day: 1; that of November is not approved. Allocated: 12, less 2 by a correction, = 10, so 19 of
-- 29 is left: 65.52 %. What lies outside the span, and what is idle, does not count.
-- globex left in September: it earned nothing, and 5 was allocated. initech has no subscription. free pays nothing, and costs 1.
INSERT INTO ops_subscriptions_versions (tenant, from_date, to_date, tier, price_microusd, void, source, imported_at) VALUES
    ('acme', '2026-09-01', '2026-11-01', 'pro', 31000000, false, 'real', '2026-09-01 00:00:00'),
    ('acme', '2026-11-01', NULL, 'pro', 60000000, false, 'real', '2026-11-01 00:00:00'),
    ('globex', '2026-01-01', '2026-10-01', 'pro', 49000000, false, 'real', '2026-01-01 00:00:00'),
    ('free', '2026-01-01', NULL, 'free', 0, false, 'real', '2026-01-01 00:00:00');
INSERT INTO ops_credits_versions (credit, tenant, month, amount_microusd, state, void, source, imported_at) VALUES
    ('c1', 'acme', '2026-10-01', 3100000, 'approved', false, 'real', '2026-11-05 00:00:00'),
    ('c2', 'acme', '2026-11-01', 9000000, 'proposed', false, 'real', '2026-12-05 00:00:00');
INSERT INTO cost_allocations (month, correction, line, tenant, day, microusd) VALUES
    ('2026-10-01', 0, 'allocated', 'acme', '2026-10-21', 99000000), ('2026-10-01', 0, 'allocated', 'acme', '2026-10-22', 7000000),
    ('2026-10-01', 1, 'allocated', 'acme', '2026-10-22', -2000000), ('2026-11-01', 0, 'allocated', 'acme', '2026-11-10', 5000000),
    ('2026-11-01', 0, 'allocated', 'acme', '2026-11-11', 99000000), ('2026-11-01', 0, 'idle', '', '2026-11-05', 99000000),
    ('2026-11-01', 0, 'allocated', 'globex', '2026-11-05', 5000000), ('2026-11-01', 0, 'allocated', 'initech', '2026-11-05', 4000000),
    ('2026-11-01', 0, 'allocated', 'free', '2026-11-05', 1000000);

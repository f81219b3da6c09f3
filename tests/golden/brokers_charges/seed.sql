-- fxcm: 31 dollars of October's 31 days: one of them is 1.000000. ic_markets: 1.000001 over two days, whose first has 0.500000 (the second
-- has the millionth), less 0.100000 that was given back for the day itself. The charge of the day before, that of the day after, the one that
-- was taken back and the one of nobody's do not count; of a corrected one the newest does.
INSERT INTO ops_cost_charges_versions (charge, charge_period_start, charge_period_end, billed_cost_microusd, effective_cost_microusd, tags, void, source, imported_at) VALUES
    ('f1', '2025-10-01', '2025-11-01', 99, 77000000, map('broker', 'fxcm'), false, 'real', '2025-11-01 00:00:00'),
    ('f1', '2025-10-01', '2025-11-01', 99, 31000000, map('broker', 'fxcm'), false, 'real', '2025-11-02 00:00:00'),
    ('i1', '2025-10-15', '2025-10-17', 99, 1000001, map('broker', 'ic_markets', 'tier', 'pro'), false, 'synthetic', '2025-11-01 00:00:00'),
    ('i2', '2025-10-15', '2025-10-16', 99, -100000, map('broker', 'ic_markets'), false, 'real', '2025-11-01 00:00:00'),
    ('i3', '2025-10-14', '2025-10-15', 99, 5000000, map('broker', 'ic_markets'), false, 'real', '2025-11-01 00:00:00'),
    ('i4', '2025-10-16', '2025-10-17', 99, 5000000, map('broker', 'ic_markets'), false, 'real', '2025-11-01 00:00:00'),
    ('v', '2025-10-15', '2025-10-16', 99, 5000000, map('broker', 'fxcm'), false, 'real', '2025-11-01 00:00:00'),
    ('v', '2025-10-15', '2025-10-16', 99, 5000000, map('broker', 'fxcm'), true, 'real', '2025-11-02 00:00:00'),
    ('n', '2025-10-15', '2025-10-16', 99, 5000000, map('tier', 'pro'), false, 'real', '2025-11-01 00:00:00')

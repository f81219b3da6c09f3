-- Four trading days. acme consumed 1 + 1 and 4 on two of them: mean 3, deviation 1, CV a third, so 100 * 2/4 * 2/3. Saturday's does not count.
-- globex came on the third: the same on both days. initech consumed nothing. hooli consumed 1 on three days and 97 on one: mean 25, deviation 41.57, CV above 1.
INSERT INTO tenant_versions (tenant, valid_from, active, name, tier) VALUES
    ('acme', '2026-10-01 00:00:00', true, 'A', 'pro'), ('globex', '2026-11-04 15:00:00', true, 'G', 'pro'), ('initech', '2026-10-01 00:00:00', true, 'I', 'pro'),
    ('hooli', '2026-10-01 00:00:00', true, 'H', 'pro');
INSERT INTO consumption_days (tenant, day, tier, symbol, ticks, version) VALUES
    ('acme', '2026-11-02', 'pro', 'EURUSD', 1, 1), ('acme', '2026-11-02', 'pro', 'GBPUSD', 1, 1), ('acme', '2026-11-03', 'pro', 'EURUSD', 4, 1), ('acme', '2026-11-07', 'pro', 'EURUSD', 99, 1),
    ('globex', '2026-11-04', 'pro', 'EURUSD', 7, 1), ('globex', '2026-11-05', 'pro', 'EURUSD', 7, 1), ('hooli', '2026-11-02', 'pro', 'EURUSD', 1, 1),
    ('hooli', '2026-11-03', 'pro', 'EURUSD', 1, 1), ('hooli', '2026-11-04', 'pro', 'EURUSD', 1, 1), ('hooli', '2026-11-05', 'pro', 'EURUSD', 97, 1);

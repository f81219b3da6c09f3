-- Thirty days to November 1, and the thirty before, to October 2; the test has one trading day in the former and two in the latter.
-- acme: 100 on the one, 150 and 150 on the two: half as many again a day. globex came on September 5: too young. initech consumed nothing before.
-- quiet consumes no more. What comes on November 1, or came before September 2, does not count.
INSERT INTO tenant_versions (tenant, valid_from, active, name, tier) VALUES
    ('acme', '2026-09-02 00:00:00', true, 'A', 'pro'), ('globex', '2026-09-05 00:00:00', true, 'G', 'pro'), ('initech', '2026-01-01 00:00:00', true, 'I', 'pro'),
    ('quiet', '2026-01-01 00:00:00', true, 'Q', 'pro');
INSERT INTO consumption_days (tenant, day, tier, symbol, ticks, version) VALUES
    ('acme', '2026-09-01', 'pro', 'EURUSD', 999, 1), ('acme', '2026-10-01', 'pro', 'EURUSD', 60, 1), ('acme', '2026-10-01', 'pro', 'GBPUSD', 40, 1),
    ('acme', '2026-10-02', 'pro', 'EURUSD', 150, 1), ('acme', '2026-10-31', 'pro', 'EURUSD', 150, 1), ('acme', '2026-11-01', 'pro', 'EURUSD', 999, 1),
    ('globex', '2026-10-01', 'pro', 'EURUSD', 10, 1), ('globex', '2026-10-02', 'pro', 'EURUSD', 30, 1), ('initech', '2026-10-02', 'pro', 'EURUSD', 5, 1),
    ('quiet', '2026-09-02', 'pro', 'EURUSD', 5, 1);

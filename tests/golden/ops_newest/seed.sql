-- acme from January: corrected, then corrected again: 59. acme from June: one version. globex: taken back, and still told.
-- initech: taken back, and then there again.
INSERT INTO ops_subscriptions_versions (tenant, from_date, to_date, tier, price_microusd, void, source, file, imported_at) VALUES
    ('acme', '2026-01-01', NULL, 'pro', 49000000, false, 'real', 'a.csv', '2026-01-02 00:00:00'),
    ('acme', '2026-01-01', '2026-06-01', 'pro', 59000000, false, 'real', 'c.csv', '2026-03-01 00:00:00.000001'),
    ('acme', '2026-01-01', '2026-06-01', 'pro', 49000000, false, 'real', 'b.csv', '2026-03-01 00:00:00'),
    ('acme', '2026-06-01', NULL, 'enterprise', 499000000, false, 'real', 'b.csv', '2026-03-01 00:00:00'),
    ('globex', '2026-01-01', NULL, 'pro', 49000000, false, 'synthetic', 'a.csv', '2026-01-02 00:00:00'),
    ('globex', '2026-01-01', NULL, 'pro', 49000000, true, 'synthetic', 'd.csv', '2026-04-01 00:00:00'),
    ('initech', '2026-01-01', NULL, 'free', 0, true, 'real', 'a.csv', '2026-01-02 00:00:00'),
    ('initech', '2026-01-01', NULL, 'free', 0, false, 'real', 'b.csv', '2026-03-01 00:00:00');

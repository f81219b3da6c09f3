-- October. acme was pro all the time, at 49 until the 10th and at 59 since. It has another name since the
-- 25th, which changes nothing. back was away for two days. globex came on the 15th, with fewer symbols, and chose others on the 16th.
-- gone was removed on the 20th, late comes in November, and the tier of lost is sold no more. free costs nothing,
-- and is a tier like others. pro promised other things, of other brokers, before the 10th, and does so again from November 5 on.
INSERT INTO tenant_versions (tenant, valid_from, active, name, tier, symbols) VALUES
    ('acme', '2026-09-01 00:00:00', true, 'A', 'free', []), ('acme', '2026-09-20 00:00:00', true, 'A', 'pro', []),
    ('acme', '2026-10-25 00:00:00', true, 'Acme renamed', 'pro', []), ('back', '2026-09-01 00:00:00', true, 'B', 'pro', []),
    ('back', '2026-10-03 00:00:00', false, 'B', 'pro', []), ('back', '2026-10-05 00:00:00', true, 'B', 'pro', []),
    ('globex', '2026-10-15 12:00:00', true, 'G', 'pro', ['GBPUSD']), ('globex', '2026-10-16 12:00:00', true, 'G', 'pro', ['EURUSD']),
    ('gone', '2026-09-01 00:00:00', true, 'G', 'pro', []), ('gone', '2026-10-20 00:00:00', false, 'G', 'pro', []),
    ('late', '2026-11-01 00:00:00', true, 'L', 'pro', []), ('lost', '2026-09-01 00:00:00', true, 'L', 'old', []),
    ('small', '2026-09-01 00:00:00', true, 'S', 'free', []);
INSERT INTO tier_versions
    (tier, valid_from, active, interval_ms, depth_hours, brokers, redundancy, price_microusd, latency_ms, completeness_percent, uptime_percent) VALUES
    ('pro', '2026-01-01 00:00:00', true, 100, 24, ['fxcm'], 2, 49000000, 6, 99.4, 99.8),
    ('pro', '2026-10-10 00:00:00', true, 100, 24, ['ic_markets', 'fxcm'], 2, 59000000, 5, 99.5, 99.9),
    ('pro', '2026-11-05 00:00:00', true, 100, 24, ['fxcm', 'ic_markets'], 2, 69000000, 4, 99.6, 99.95),
    ('free', '2026-01-01 00:00:00', true, 1000, 1, ['fxcm'], 1, 0, NULL, NULL, 99),
    ('old', '2026-01-01 00:00:00', true, 100, 24, ['fxcm'], 2, 1, NULL, NULL, NULL), ('old', '2026-10-01 00:00:00', false, 100, 24, ['fxcm'], 2, 1, NULL, NULL, NULL);

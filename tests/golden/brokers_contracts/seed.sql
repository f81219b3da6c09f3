-- Of October 14 and 15, days 14 and 15 of 31. fxcm: 46.500001 a month, floor(46500001 * 15 / 31) - floor(46500001 * 13 / 31) =
-- 22500000 - 19500000 = 3000000. ic_markets: 12.40 until the 15th begins, so one day, 400000; from then on 15.50, though the older has
-- no end: 500000. gone ended on the 14th, late begins on the 16th, void was taken back.
INSERT INTO ops_broker_contracts_versions (broker, from_date, to_date, fee_microusd, connections, redistribution_permitted, tiers, upstream, void, source, imported_at) VALUES
    ('fxcm', '2025-01-01', '2027-01-01', 46500001, 2, true, ['free', 'pro'], 'lmax', false, 'real', '2025-01-01 00:00:00'),
    ('ic_markets', '2025-01-01', NULL, 12400000, 1, false, ['pro'], NULL, false, 'synthetic', '2025-01-01 00:00:00'),
    ('ic_markets', '2025-10-15', NULL, 15500000, 3, true, ['pro'], NULL, false, 'real', '2025-01-01 00:00:00'),
    ('gone', '2025-01-01', '2025-10-14', 1000000, 1, true, [], NULL, false, 'real', '2025-01-01 00:00:00'),
    ('late', '2025-10-16', NULL, 1000000, 1, true, [], NULL, false, 'real', '2025-01-01 00:00:00'),
    ('void', '2025-01-01', NULL, 1000000, 1, true, [], NULL, true, 'real', '2025-01-01 00:00:00')

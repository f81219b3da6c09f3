-- Shares of fxcm: a third of acme's 300 halves, all of globex's and trial's. acme answered 5, 4, 4, in the mean 13 / 3, globex 3 and 2, in the
-- mean 5 / 2; trial and initech (which consumed nothing) did not, or not in these ways: NPS is another question, the 14th and the 16th are other days.
-- fxcm: (1/3 * 13/3 + 1 * 5/2) / (1/3 + 1) = (71/18) / (4/3) = 2.9583. ic_markets: acme alone, 13 / 3.
INSERT INTO ops_surveys_versions (survey, tenant, kind, score, answered_at, void, source, imported_at) VALUES
    ('s1', 'acme', 'CSAT', 5, '2025-10-15 00:00:00', false, 'real', '2025-11-01 00:00:00'),
    ('s2', 'acme', 'CSAT', 4, '2025-10-15 12:00:00', false, 'real', '2025-11-01 00:00:00'),
    ('s3', 'acme', 'CSAT', 4, '2025-10-15 23:59:59', false, 'synthetic', '2025-11-01 00:00:00'),
    ('s4', 'globex', 'CSAT', 3, '2025-10-15 12:00:00', false, 'real', '2025-11-01 00:00:00'),
    ('s5', 'globex', 'CSAT', 2, '2025-10-15 12:00:00', false, 'real', '2025-11-01 00:00:00'),
    ('s6', 'initech', 'CSAT', 1, '2025-10-15 12:00:00', false, 'real', '2025-11-01 00:00:00'),
    ('s7', 'trial', 'NPS', 1, '2025-10-15 12:00:00', false, 'real', '2025-11-01 00:00:00'),
    ('s8', 'trial', 'CSAT', 1, '2025-10-14 23:59:59', false, 'real', '2025-11-01 00:00:00'),
    ('s9', 'trial', 'CSAT', 1, '2025-10-16 00:00:00', false, 'real', '2025-11-01 00:00:00');
INSERT INTO consumption_days (tenant, day, tier, symbol, ticks, brokers, halves, version) VALUES
    ('acme', '2025-10-15', 'pro', 'EURUSD', 125, ['fxcm', 'ic_markets'], [100, 150], 375),
    ('acme', '2025-10-15', 'pro', 'GBPUSD', 25, ['', 'ic_markets'], [20, 30], 55),
    ('acme', '2025-10-14', 'pro', 'EURUSD', 500, ['fxcm'], [1000], 1500),
    ('acme', '2025-10-16', 'pro', 'EURUSD', 500, ['fxcm'], [1000], 1500),
    ('globex', '2025-10-15', 'free', 'EURUSD', 1, ['fxcm'], [2], 3);
INSERT INTO consumption_days (tenant, day, tier, symbol, ticks, brokers, halves, version) VALUES
    ('globex', '2025-10-15', 'free', 'EURUSD', 20, ['fxcm', 'ic_markets'], [40, 0], 60),
    ('trial', '2025-10-15', 'free', 'EURUSD', 5, ['fxcm'], [10], 15);

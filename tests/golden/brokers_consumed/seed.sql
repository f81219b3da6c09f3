-- October 15 is the 15th of 31 days. acme pays 62.000031 a month: floor(62000031 * 15 / 31) - floor(62000031 * 14 / 31) =
-- 30000015 - 28000014 = 2000001, less a 31st of the 3.10 that was approved: 1900001. globex: 1000000 less 310000 / 31 = 990000, which somebody
-- made up. initech: 500000, and it consumed nothing. gone ended the day before. trial consumes and pays nothing. The credit of
-- September and the one that is only proposed do not count, nor what was consumed on the days around; of globex's two computations the
-- one that saw more does.
INSERT INTO ops_subscriptions_versions (tenant, from_date, to_date, tier, price_microusd, void, source, imported_at) VALUES
    ('acme', '2025-01-01', NULL, 'pro', 62000031, false, 'real', '2025-01-01 00:00:00'),
    ('globex', '2025-01-01', NULL, 'free', 31000000, false, 'synthetic', '2025-01-01 00:00:00'),
    ('initech', '2025-01-01', NULL, 'pro', 15500000, false, 'real', '2025-01-01 00:00:00'),
    ('gone', '2025-01-01', '2025-10-15', 'pro', 31000000, false, 'real', '2025-01-01 00:00:00');
INSERT INTO ops_credits_versions (credit, tenant, month, amount_microusd, state, void, source, imported_at) VALUES
    ('c1', 'acme', '2025-10-01', 3100000, 'approved', false, 'real', '2025-11-01 00:00:00'),
    ('c2', 'acme', '2025-09-01', 3100000, 'approved', false, 'real', '2025-11-01 00:00:00'),
    ('c3', 'acme', '2025-10-01', 3100000, 'proposed', false, 'real', '2025-11-01 00:00:00');
INSERT INTO credits (tenant, month, step, amount_microusd, at) VALUES
    ('globex', '2025-10-01', 'PROPOSED', 310000, '2025-11-04 00:00:00'),
    ('globex', '2025-10-01', 'APPROVED', 310000, '2025-11-05 00:00:00');
INSERT INTO consumption_days (tenant, day, tier, symbol, ticks, brokers, halves, version) VALUES
    ('acme', '2025-10-15', 'pro', 'EURUSD', 125, ['fxcm', 'ic_markets'], [100, 150], 375),
    ('acme', '2025-10-15', 'pro', 'GBPUSD', 25, ['', 'ic_markets'], [20, 30], 55),
    ('acme', '2025-10-14', 'pro', 'EURUSD', 500, ['fxcm'], [1000], 1500),
    ('acme', '2025-10-16', 'pro', 'EURUSD', 500, ['fxcm'], [1000], 1500),
    ('globex', '2025-10-15', 'free', 'EURUSD', 1, ['fxcm'], [2], 3);
INSERT INTO consumption_days (tenant, day, tier, symbol, ticks, brokers, halves, version) VALUES
    ('globex', '2025-10-15', 'free', 'EURUSD', 20, ['fxcm', 'ic_markets'], [40, 0], 60),
    ('trial', '2025-10-15', 'free', 'EURUSD', 5, ['fxcm'], [10], 15);

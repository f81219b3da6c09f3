-- acme, pro, consumed EURUSD at 8 and GBPUSD at 9 on Monday, and at 9 on Tuesday. On Monday pro published 10 + 10, enterprise 40 + 40, on Tuesday 20 of
-- 120 of EURUSD: 40 of 200, so 80 %. Tuesday's GBPUSD of pro is not known, and neither counts; nor does what another hour had.
-- globex is enterprise: there is nothing above. initech, free: pro published less than free did.
INSERT INTO tier_versions (tier, valid_from, active, symbols, interval_ms, depth_hours, brokers, redundancy, record, features, latency_ms, quality, price_microusd, completeness_percent, uptime_percent) VALUES
    ('free', '2026-01-01 00:00:00', true, ['EURUSD', 'GBPUSD'], 1000, 1, [], 1, 'FreeQuote', ['basic_price'], 50, '', 0, 95, 99),
    ('pro', '2026-01-01 00:00:00', true, ['EURUSD', 'GBPUSD', 'USDJPY'], 100, 24, [], 2, 'ProQuote', ['basic_price', 'spread_analysis'], 5, '', 49000000, 99.5, 99.9),
    ('enterprise', '2026-01-01 00:00:00', true, [], 10, 168, [], 3, 'EnterpriseQuote', ['basic_price', 'priority_routing'], 1, '', 499000000, 99.9, 99.99);
INSERT INTO tenant_versions (tenant, valid_from, active, name, tier) VALUES
    ('acme', '2026-10-01 00:00:00', true, 'A', 'pro'), ('globex', '2026-10-01 00:00:00', true, 'G', 'enterprise'), ('initech', '2026-10-01 00:00:00', true, 'I', 'free');
INSERT INTO consumption_days (tenant, day, tier, symbol, ticks, hours, version) VALUES
    ('acme', '2026-11-02', 'pro', 'EURUSD', 1, 256, 1), ('acme', '2026-11-02', 'pro', 'GBPUSD', 1, 512, 1), ('acme', '2026-11-03', 'pro', 'EURUSD', 1, 512, 1),
    ('globex', '2026-11-02', 'enterprise', 'EURUSD', 1, 256, 1), ('initech', '2026-11-02', 'free', 'EURUSD', 1, 256, 1);
INSERT INTO tier_hours (tier, symbol, hour, records, version) VALUES
    ('pro', 'EURUSD', '2026-11-02 08:00:00', 10, 1), ('pro', 'GBPUSD', '2026-11-02 09:00:00', 10, 1), ('pro', 'EURUSD', '2026-11-03 09:00:00', 20, 1),
    ('pro', 'EURUSD', '2026-11-03 10:00:00', 99, 1), ('enterprise', 'EURUSD', '2026-11-02 08:00:00', 40, 1), ('enterprise', 'GBPUSD', '2026-11-02 09:00:00', 40, 1),
    ('enterprise', 'EURUSD', '2026-11-03 09:00:00', 120, 1), ('enterprise', 'GBPUSD', '2026-11-03 09:00:00', 999, 1), ('free', 'EURUSD', '2026-11-02 08:00:00', 11, 1);

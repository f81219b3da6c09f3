-- Monday and Tuesday; the market of the test is open at 8 and 9 on Monday, and at 8, 9 and 10 on Tuesday.
-- acme, pro: EURUSD at 8 on Monday (hours 256), USDJPY at 9 and GBPUSD at 3 in the night, which is no market time, on Tuesday. 3 of 3
-- symbols; 2 of 5 hours. Published of the three while it was active: Monday 8: 100 + 50; Tuesday 3 and 9: 10 + 40; so 200, of which it
-- consumed 80 + 10 + 10 = 100: 50 %.
-- globex, enterprise, has bought EURUSD and GBPUSD, came on Tuesday: 3 hours. It consumed EURUSD at 8 with two groups, 60 of 30
-- published: no more than 100 %. 1 of 2 symbols; 1 of 3 hours. What it consumes of USDJPY, on Monday, it has not bought: 0 of 0 published are known.
-- initech, enterprise, may see what that tier published, one symbol, and consumed nothing. old's tier is in no register and published nothing.
INSERT INTO tier_versions (tier, valid_from, active, symbols, interval_ms, depth_hours, brokers, redundancy, record, features, latency_ms, quality, price_microusd, completeness_percent, uptime_percent) VALUES
    ('free', '2026-01-01 00:00:00', true, ['EURUSD', 'GBPUSD'], 1000, 1, [], 1, 'FreeQuote', ['basic_price'], 50, '', 0, 95, 99),
    ('pro', '2026-01-01 00:00:00', true, ['EURUSD', 'GBPUSD', 'USDJPY'], 100, 24, [], 2, 'ProQuote', ['basic_price', 'spread_analysis'], 5, '', 49000000, 99.5, 99.9),
    ('enterprise', '2026-01-01 00:00:00', true, [], 10, 168, [], 3, 'EnterpriseQuote', ['basic_price', 'priority_routing'], 1, '', 499000000, 99.9, 99.99);
INSERT INTO tenant_versions (tenant, valid_from, active, name, tier, symbols) VALUES
    ('acme', '2026-10-01 00:00:00', true, 'A', 'pro', []), ('globex', '2026-11-03 00:00:00', true, 'G', 'enterprise', ['EURUSD', 'GBPUSD']),
    ('initech', '2026-10-01 00:00:00', true, 'I', 'enterprise', []), ('old', '2026-10-01 00:00:00', true, 'O', 'gold', []);
INSERT INTO consumption_days (tenant, day, tier, symbol, ticks, hours, version) VALUES
    ('acme', '2026-11-02', 'pro', 'EURUSD', 80, 256, 80), ('acme', '2026-11-03', 'pro', 'USDJPY', 10, 512, 10), ('acme', '2026-11-03', 'pro', 'GBPUSD', 10, 8, 10),
    ('globex', '2026-11-03', 'enterprise', 'EURUSD', 60, 256, 60), ('globex', '2026-11-02', 'enterprise', 'USDJPY', 7, 256, 7);
INSERT INTO tier_hours (tier, symbol, hour, topic_id, records, version) VALUES
    ('pro', 'EURUSD', '2026-11-02 08:00:00', '00000000-0000-0000-0000-000000000001', 90, 90), ('pro', 'EURUSD', '2026-11-02 08:00:00', '00000000-0000-0000-0000-000000000002', 10, 10),
    ('pro', 'USDJPY', '2026-11-02 08:00:00', '00000000-0000-0000-0000-000000000001', 50, 50), ('pro', 'USDJPY', '2026-11-02 09:00:00', '00000000-0000-0000-0000-000000000001', 999, 999),
    ('pro', 'GBPUSD', '2026-11-03 03:00:00', '00000000-0000-0000-0000-000000000001', 10, 10), ('pro', 'EURUSD', '2026-11-03 09:00:00', '00000000-0000-0000-0000-000000000001', 40, 40),
    ('pro', 'EURUSD', '2026-11-03 10:00:00', '00000000-0000-0000-0000-000000000001', 999, 999),
    ('enterprise', 'EURUSD', '2026-11-03 08:00:00', '00000000-0000-0000-0000-000000000003', 30, 30);

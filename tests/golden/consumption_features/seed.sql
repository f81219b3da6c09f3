-- acme consumed on two days, one symbol or two, and was refused history on two, several times on one of them. globex consumed on one
-- day, too few, and one request for history says nothing. initech's tier is in no register.
INSERT INTO tier_versions (tier, valid_from, active, symbols, interval_ms, depth_hours, brokers, redundancy, record, features, latency_ms, quality, price_microusd, completeness_percent, uptime_percent) VALUES
    ('free', '2026-01-01 00:00:00', true, ['EURUSD', 'GBPUSD'], 1000, 1, [], 1, 'FreeQuote', ['basic_price'], 50, '', 0, 95, 99),
    ('pro', '2026-01-01 00:00:00', true, ['EURUSD', 'GBPUSD', 'USDJPY'], 100, 24, [], 2, 'ProQuote', ['basic_price', 'spread_analysis'], 5, '', 49000000, 99.5, 99.9),
    ('enterprise', '2026-01-01 00:00:00', true, [], 10, 168, [], 3, 'EnterpriseQuote', ['basic_price', 'priority_routing'], 1, '', 499000000, 99.9, 99.99);
INSERT INTO tenant_versions (tenant, valid_from, active, name, tier) VALUES
    ('acme', '2026-10-01 00:00:00', true, 'A', 'pro'), ('globex', '2026-10-01 00:00:00', true, 'G', 'free'), ('initech', '2026-10-01 00:00:00', true, 'I', 'gold');
INSERT INTO consumption_days (tenant, day, tier, symbol, ticks, replayed, version) VALUES
    ('acme', '2026-11-02', 'pro', 'EURUSD', 1, 0, 1), ('acme', '2026-11-03', 'pro', 'EURUSD', 1, 0, 1), ('acme', '2026-11-03', 'pro', 'GBPUSD', 1, 0, 1),
    ('acme', '2026-11-05', 'pro', 'EURUSD', 1, 0, 1), ('globex', '2026-11-03', 'free', 'EURUSD', 1, 0, 1), ('globex', '2026-11-04', 'free', 'EURUSD', 0, 9, 9);
INSERT INTO access_decisions (time, tenant, principal, operation, resource_type, resource) VALUES
    ('2026-11-02 10:00:00', 'acme', 'acme', 'HISTORY', 'History', 'pro EURUSD'), ('2026-11-02 11:00:00', 'acme', 'acme', 'HISTORY', 'History', 'pro EURUSD'),
    ('2026-11-04 10:00:00', 'acme', 'acme', 'HISTORY', 'History', 'pro EURUSD'), ('2026-11-03 10:00:00', 'globex', 'globex', 'HISTORY', 'History', 'free EURUSD'),
    ('2026-11-04 10:00:00', 'globex', 'globex', 'READ', 'Topic', 'tier.pro');

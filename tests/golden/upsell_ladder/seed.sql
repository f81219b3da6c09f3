-- pro was dearer than enterprise once. gold has no price, old is sold no more, and soon is not sold yet.
INSERT INTO tier_versions (tier, valid_from, active, interval_ms, depth_hours, redundancy, price_microusd) VALUES
    ('pro', '2025-01-01 00:00:00', true, 100, 24, 2, 999000000), ('gold', '2026-01-01 00:00:00', true, 100, 24, 2, NULL),
    ('old', '2025-01-01 00:00:00', true, 100, 24, 2, 1000000), ('old', '2026-01-01 00:00:00', false, 100, 24, 2, 1000000),
    ('soon', '2026-11-02 00:00:00', true, 100, 24, 2, 2000000);
INSERT INTO tier_versions (tier, valid_from, active, symbols, interval_ms, depth_hours, brokers, redundancy, record, features, latency_ms, quality, price_microusd, completeness_percent, uptime_percent) VALUES
    ('free', '2026-01-01 00:00:00', true, ['EURUSD', 'GBPUSD'], 1000, 1, [], 1, 'FreeQuote', ['basic_price'], 50, '', 0, 95, 99),
    ('pro', '2026-01-01 00:00:00', true, ['EURUSD', 'GBPUSD', 'USDJPY'], 100, 24, [], 2, 'ProQuote', ['basic_price', 'spread_analysis'], 5, '', 49000000, 99.5, 99.9),
    ('enterprise', '2026-01-01 00:00:00', true, [], 10, 168, [], 3, 'EnterpriseQuote', ['basic_price', 'priority_routing'], 1, '', 499000000, 99.9, 99.99);

-- acme has all of pro, globex EURUSD alone. Latency: 198 of 200 and 90 of 100: for all 288 of 300, 12 bad where 3 may be, so 4; for EURUSD 2 bad
-- where 2 may be. Completeness: 99 of 99 are too few to judge; nobody filled GBPUSD. Uptime: four slices; in two GBPUSD is mute, in one all are:
-- for all 1 of 4 good, 3 bad where 0.004 may be; for EURUSD 3 of 4. A slice was judged twice: the newer counts, which is all good.
-- Redundancy, one slice without EURUSD: none for globex. free's slices have no customer; what the 3rd had lies outside.
INSERT INTO tier_versions (tier, valid_from, active, symbols, interval_ms, depth_hours, brokers, redundancy, record, features, latency_ms, quality, price_microusd, completeness_percent, uptime_percent) VALUES
    ('free', '2026-01-01 00:00:00', true, ['EURUSD', 'GBPUSD'], 1000, 1, [], 1, 'FreeQuote', ['basic_price'], 50, '', 0, 95, 99),
    ('pro', '2026-01-01 00:00:00', true, ['EURUSD', 'GBPUSD', 'USDJPY'], 100, 24, [], 2, 'ProQuote', ['basic_price', 'spread_analysis'], 5, '', 49000000, 99.5, 99.9),
    ('enterprise', '2026-01-01 00:00:00', true, [], 10, 168, [], 3, 'EnterpriseQuote', ['basic_price', 'priority_routing'], 1, '', 499000000, 99.9, 99.99);
INSERT INTO tenant_versions (tenant, valid_from, active, name, tier, symbols) VALUES
    ('acme', '2026-10-01 00:00:00', true, 'A', 'pro', []), ('same', '2026-10-01 00:00:00', true, 'S', 'pro', []), ('globex', '2026-10-01 00:00:00', true, 'G', 'pro', ['EURUSD']);
INSERT INTO sla_slices (tier, objective, slice_start, slice_s, symbols, good, total, causes, judged_at) VALUES
    ('pro', 'latency', '2026-11-02 08:00:00', 10, ['EURUSD', 'GBPUSD'], [98, 90], [100, 100], ['', ''], '2026-11-02 09:00:00'),
    ('pro', 'latency', '2026-11-02 08:00:10', 10, ['EURUSD'], [100], [100], [''], '2026-11-02 09:00:00'),
    ('pro', 'completeness', '2026-11-02 08:00:00', 10, ['EURUSD'], [99], [99], [''], '2026-11-02 09:00:00'),
    ('pro', 'uptime', '2026-11-02 08:00:00', 10, ['EURUSD', 'GBPUSD'], [1, 0], [1, 1], ['', 'mute'], '2026-11-02 09:00:00'),
    ('pro', 'uptime', '2026-11-02 08:00:10', 10, ['EURUSD', 'GBPUSD'], [1, 0], [1, 1], ['', 'mute'], '2026-11-02 09:00:00'),
    ('pro', 'uptime', '2026-11-02 08:00:20', 10, ['EURUSD', 'GBPUSD'], [0, 0], [1, 1], ['mute', 'mute'], '2026-11-02 09:00:00'),
    ('pro', 'uptime', '2026-11-02 08:00:30', 10, ['EURUSD', 'GBPUSD'], [0, 0], [1, 1], ['mute', 'mute'], '2026-11-02 09:00:00'),
    ('pro', 'redundancy', '2026-11-02 08:00:00', 60, ['GBPUSD'], [3], [2], [''], '2026-11-02 09:00:00'),
    ('free', 'uptime', '2026-11-02 08:00:00', 10, ['EURUSD'], [0], [1], ['mute'], '2026-11-02 09:00:00'),
    ('pro', 'uptime', '2026-11-03 00:00:00', 10, ['EURUSD'], [0], [1], ['mute'], '2026-11-03 09:00:00');
INSERT INTO sla_slices (tier, objective, slice_start, slice_s, symbols, good, total, causes, judged_at) VALUES
    ('pro', 'uptime', '2026-11-02 08:00:30', 10, ['EURUSD', 'GBPUSD'], [1, 1], [1, 1], ['', ''], '2026-11-02 10:00:00');

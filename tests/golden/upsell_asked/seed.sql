-- acme, pro: refused the topics of enterprise on two days, thrice in two minutes of the first; free's is below it, its own is no wish for
-- more, nor are groups. History on one day, in two minutes. globex, enterprise, wants pro's: none counts. initech, free, wants gold, which has no price.
-- nobody is no customer, and a principal without tenant is nobody's.
INSERT INTO tier_versions (tier, valid_from, active, symbols, interval_ms, depth_hours, brokers, redundancy, record, features, latency_ms, quality, price_microusd, completeness_percent, uptime_percent) VALUES
    ('free', '2026-01-01 00:00:00', true, ['EURUSD', 'GBPUSD'], 1000, 1, [], 1, 'FreeQuote', ['basic_price'], 50, '', 0, 95, 99),
    ('pro', '2026-01-01 00:00:00', true, ['EURUSD', 'GBPUSD', 'USDJPY'], 100, 24, [], 2, 'ProQuote', ['basic_price', 'spread_analysis'], 5, '', 49000000, 99.5, 99.9),
    ('enterprise', '2026-01-01 00:00:00', true, [], 10, 168, [], 3, 'EnterpriseQuote', ['basic_price', 'priority_routing'], 1, '', 499000000, 99.9, 99.99);
INSERT INTO tenant_versions (tenant, valid_from, active, name, tier) VALUES
    ('acme', '2026-10-01 00:00:00', true, 'A', 'pro'), ('globex', '2026-10-01 00:00:00', true, 'G', 'enterprise'), ('initech', '2026-10-01 00:00:00', true, 'I', 'free');
INSERT INTO access_decisions (time, tenant, principal, operation, resource_type, resource) VALUES
    ('2026-11-01 23:59:59', 'acme', 'acme', 'READ', 'Topic', 'e'), ('2026-11-02 10:00:01', 'acme', 'acme', 'READ', 'Topic', 'e'),
    ('2026-11-02 10:00:02', 'acme', 'acme', 'READ', 'Topic', 'e'), ('2026-11-02 10:01:00', 'acme', 'acme', 'DESCRIBE', 'Topic', 'e.latest'),
    ('2026-11-03 10:00:00', 'acme', 'acme', 'READ', 'Topic', 'e'), ('2026-11-04 10:00:00', 'acme', 'acme', 'READ', 'Topic', 'f'),
    ('2026-11-04 10:00:00', 'acme', 'acme', 'READ', 'Topic', 'p'), ('2026-11-04 10:00:00', 'acme', 'acme', 'READ', 'Group', 'e'),
    ('2026-11-04 10:00:00', 'acme', 'acme', 'HISTORY', 'History', 'pro EURUSD'), ('2026-11-04 10:05:00', 'acme', 'acme', 'HISTORY', 'History', 'pro EURUSD'),
    ('2026-11-04 10:00:00', 'globex', 'globex', 'READ', 'Topic', 'p'), ('2026-11-04 10:00:00', 'initech', 'initech', 'READ', 'Topic', 'g'),
    ('2026-11-04 10:00:00', 'nobody', 'nobody', 'READ', 'Topic', 'e'), ('2026-11-04 10:00:00', NULL, 'x', 'READ', 'Topic', 'e'), ('2026-11-05 00:00:00', 'acme', 'acme', 'READ', 'Topic', 'e');

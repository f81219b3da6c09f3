-- Two days. acme was free and has been pro since the 3rd; it consumed of both: 10 + 20 + 10 ticks, 30 of them usable, and 10 + 20 of them timed,
-- which waited 60 ms in all: 2 ms each. globex is known by its subscription alone and consumed nothing. initech, whom nobody knows, consumed
-- 5 of free and 6 of pro. gone had left before. back has read again, and consumed nothing. umbrella comes too late.
INSERT INTO tenant_versions (tenant, valid_from, active, name, tier, symbols) VALUES
    ('acme', '2026-10-01 00:00:00', true, 'A', 'free', []), ('acme', '2026-11-03 12:00:00', true, 'A', 'pro', ['GBPUSD', 'EURUSD']),
    ('gone', '2026-10-01 00:00:00', true, 'G', 'pro', []), ('gone', '2026-11-02 00:00:00', false, 'G', 'pro', []),
    ('umbrella', '2026-11-04 00:00:00', true, 'U', 'pro', []), ('back', '2026-11-03 10:00:00', true, 'B', 'free', []);
INSERT INTO ops_subscriptions_versions (tenant, from_date, to_date, tier, price_microusd, void, source, imported_at) VALUES
    ('globex', '2026-11-03', NULL, 'enterprise', 499000000, false, 'real', '2026-11-03 00:00:00'),
    ('acme', '2026-10-01', '2026-11-03', 'free', 0, false, 'real', '2026-10-01 00:00:00');
INSERT INTO consumption_days (tenant, day, tier, symbol, ticks, replayed, usable, timed, waited_us, hours, version) VALUES
    ('acme', '2026-11-01', 'free', 'EURUSD', 99, 0, 99, 99, 99, 1, 99), ('acme', '2026-11-02', 'free', 'EURUSD', 10, 0, 5, 10, 10000, 1, 10),
    ('acme', '2026-11-03', 'pro', 'EURUSD', 20, 3, 20, 20, 50000, 1, 20), ('acme', '2026-11-03', 'pro', 'GBPUSD', 10, 0, 5, 0, 0, 1, 10),
    ('acme', '2026-11-04', 'pro', 'EURUSD', 99, 0, 99, 99, 99, 1, 99),
    ('initech', '2026-11-02', 'free', 'EURUSD', 5, 0, 5, 0, 0, 1, 5), ('initech', '2026-11-03', 'pro', 'EURUSD', 6, 0, 6, 0, 0, 1, 6),
    ('back', '2026-11-03', 'free', 'EURUSD', 0, 4, 0, 0, 0, 0, 4);
-- Computed again when more was stored: that counts.
INSERT INTO consumption_days (tenant, day, tier, symbol, ticks, replayed, usable, timed, waited_us, hours, version) VALUES
    ('acme', '2026-11-02', 'free', 'EURUSD', 1, 0, 1, 1, 1, 1, 1);

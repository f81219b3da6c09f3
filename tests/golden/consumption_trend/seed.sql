-- Two tenants on the 2nd; on the 3rd globex only reads again. The 4th lies outside.
-- Computed again after rows had expired: that one counts for nothing.
INSERT INTO consumption_days (tenant, day, tier, symbol, ticks, replayed, version) VALUES
    ('acme', '2026-11-02', 'pro', 'EURUSD', 1, 0, 1), ('acme', '2026-11-02', 'pro', 'GBPUSD', 2, 0, 2), ('globex', '2026-11-02', 'pro', 'EURUSD', 4, 0, 4),
    ('globex', '2026-11-02', 'free', 'EURUSD', 8, 0, 8), ('acme', '2026-11-03', 'pro', 'EURUSD', 16, 0, 16), ('globex', '2026-11-03', 'pro', 'EURUSD', 0, 5, 5),
    ('globex', '2026-11-03', 'free', 'EURUSD', 0, 5, 5), ('acme', '2026-11-04', 'pro', 'EURUSD', 32, 0, 32), ('globex', '2026-11-03', 'pro', 'GBPUSD', 0, 1, 1);
INSERT INTO consumption_days (tenant, day, tier, symbol, ticks, replayed, version) VALUES ('acme', '2026-11-02', 'pro', 'GBPUSD', 1, 0, 1);

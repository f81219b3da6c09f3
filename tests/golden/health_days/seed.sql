-- acme: 1 + 2 of two symbols, then another tier; what it read again, and what globex has, is none of it.
INSERT INTO consumption_days (tenant, day, tier, symbol, ticks, replayed, version) VALUES
    ('acme', '2026-11-02', 'pro', 'EURUSD', 1, 0, 1), ('acme', '2026-11-02', 'pro', 'GBPUSD', 2, 0, 2), ('acme', '2026-11-03', 'free', 'EURUSD', 4, 9, 13),
    ('acme', '2026-11-04', 'free', 'EURUSD', 0, 9, 9), ('acme', '2026-11-05', 'free', 'EURUSD', 8, 0, 8), ('globex', '2026-11-02', 'pro', 'EURUSD', 16, 0, 16);

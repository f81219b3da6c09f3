-- acme consumed on two days, globex in an older computation nothing and in the newer one something; initech only replayed.
INSERT INTO consumption_days (tenant, day, tier, symbol, ticks, replayed, version) VALUES
    ('acme', '2026-11-02', 'pro', 'EURUSD', 1, 0, 1),
    ('acme', '2026-11-30', 'pro', 'EURUSD', 1, 0, 1),
    ('globex', '2026-11-01', 'pro', 'EURUSD', 0, 0, 0),
    ('globex', '2026-11-01', 'pro', 'EURUSD', 3, 0, 3),
    ('initech', '2026-11-01', 'pro', 'EURUSD', 0, 4, 4),
    ('hooli', '2026-12-01', 'pro', 'EURUSD', 3, 0, 3);

-- acme's ten ticks are twenty halves: eight of fxcm, eleven of ic_markets, and one that no broker is named for. An older computation that
-- saw less counts for nothing. globex: halves under the empty name are already among them, 1 + 2, and the rest of its four is one more.
-- initech replayed, and consumed nothing. October and December are other months.
INSERT INTO consumption_days (tenant, day, tier, symbol, ticks, replayed, brokers, halves, version) VALUES
    ('acme', '2026-11-02', 'pro', 'EURUSD', 10, 0, ['fxcm', 'ic_markets'], [8, 11], 29),
    ('acme', '2026-11-02', 'pro', 'EURUSD', 6, 0, ['fxcm'], [5], 11),
    ('acme', '2026-11-30', 'pro', 'USDJPY', 1, 0, [], [], 1),
    ('globex', '2026-11-01', 'free', 'EURUSD', 2, 0, ['', 'fxcm'], [1, 2], 4),
    ('initech', '2026-11-02', 'free', 'EURUSD', 0, 5, [], [], 5),
    ('acme', '2026-10-31', 'pro', 'EURUSD', 7, 0, [], [], 7),
    ('acme', '2026-12-01', 'pro', 'EURUSD', 7, 0, [], [], 7);

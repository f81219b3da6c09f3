-- Three days, of 100 seconds of market time each. fxcm has two symbols on the first, nothing on the second, and one on the third,
-- computed twice: 100 + 100 + 100 scheduled, 90 + 0 + 100 live. oanda was there on the second alone: before its contract it is not
-- missed, on the third it is. pepperstone has a contract and sent nothing; old has one that has ended.
INSERT INTO broker_days (broker, symbol, day, scheduled_s, live_s, expected_s, observed_s, ticks, duplicates, missing, timed, feed_us, version) VALUES
    ('fxcm', 'EURUSD', '2026-10-01', 100, 90, 50, 45, 200, 10, 10, 190, 1900, 1),
    ('fxcm', 'GBPUSD', '2026-10-01', 100, 90, 10, 10, 20, 0, 0, 20, 100, 1),
    ('fxcm', 'EURUSD', '2026-10-03', 100, 7, 7, 7, 7, 7, 7, 7, 7, 1),
    ('fxcm', 'EURUSD', '2026-10-04', 100, 100, 1, 1, 1, 0, 0, 1, 1, 1),
    ('oanda', 'EURUSD', '2026-10-02', 100, 50, 30, 30, 40, 0, 0, 0, 0, 1);
INSERT INTO broker_days (broker, symbol, day, scheduled_s, live_s, expected_s, observed_s, ticks, duplicates, missing, timed, feed_us, version) VALUES
    ('fxcm', 'EURUSD', '2026-10-03', 100, 100, 40, 40, 100, 0, 0, 100, 1000, 2);
INSERT INTO ops_broker_contracts_versions (broker, from_date, to_date, connections, void, source, imported_at) VALUES
    ('oanda', '2026-10-03', NULL, 2, false, 'real', '2026-09-01 00:00:00'),
    ('pepperstone', '2026-01-01', '2026-10-02', 3, false, 'real', '2026-09-01 00:00:00'),
    ('pepperstone', '2026-10-02', NULL, 1, false, 'real', '2026-09-01 00:00:00'),
    ('old', '2026-01-01', '2026-10-01', 5, false, 'real', '2026-09-01 00:00:00');

-- fxcm: EURUSD and NZDUSD in one second, NZDUSD alone in the next, and in the third it beats only. pepperstone sends no time.
-- The end does not belong.
INSERT INTO quality_windows (broker, symbol, window_start, ticks, invalid, quarantined, latency_p50_us, latency_p95_us, latency_p99_us, latency_max_us, mid, spread_mean) VALUES
('fxcm', 'EURUSD', '2026-11-01 10:00:00', 5, 1, 2, 1000, 2000, 3000, 4000, 1.100055, 0.0000123),
('fxcm', 'NZDUSD', '2026-11-01 10:00:00', 7, 0, 0, 9000, 9000, 9000, 9000, 0.6, 0.0002),
('fxcm', 'NZDUSD', '2026-11-01 10:00:01', 1, 0, 0, 9000, 9000, 9000, 9000, 0.6, 0.0002),
('fxcm', '', '2026-11-01 10:00:02', 0, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL),
('pepperstone', 'EURUSD', '2026-11-01 10:00:01', 2, 0, 0, NULL, NULL, NULL, NULL, NULL, 0.0001),
('fxcm', 'EURUSD', '2026-11-01 10:00:03', 5, 0, 0, 1000, 2000, 3000, 4000, 1.1, 0.0001);

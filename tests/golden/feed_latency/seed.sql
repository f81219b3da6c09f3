-- fxcm: 10:00:00 and 10:00:01 are of the span. The lowest medians of its minutes are 1000 (09:55), 5000 (09:58), 7000 (09:59)
-- and 6000 (10:00): the third lowest is the offset. One of 100 ticks was in the second with the high quantile, so 99 % came in one of at most
-- 9000. A minute longer ago than ten says nothing, nor a window without a symbol.
-- pepperstone: one minute alone, and its clock is ahead. ic_markets sends no time. oanda ticked before the span only.
INSERT INTO quality_windows (broker, symbol, window_start, ticks, latency_p50_us, latency_p99_us) VALUES
('fxcm', 'EURUSD', '2026-11-01 09:40:00', 5, 10, 10),
('fxcm', 'EURUSD', '2026-11-01 09:55:00', 5, 1000, 2000),
('fxcm', 'EURUSD', '2026-11-01 09:58:00', 5, 5000, 6000),
('fxcm', 'EURUSD', '2026-11-01 09:58:01', 5, 5500, 6000),
('fxcm', 'EURUSD', '2026-11-01 09:59:00', 5, 7000, 8000),
('fxcm', 'EURUSD', '2026-11-01 10:00:00', 99, 6000, 9000),
('fxcm', 'EURUSD', '2026-11-01 10:00:01', 1, 70000, 80000),
('fxcm', 'EURUSD', '2026-11-01 10:00:02', 50, 1, 1),
('fxcm', '', '2026-11-01 10:00:00', 0, NULL, NULL),
('pepperstone', 'EURUSD', '2026-11-01 10:00:00', 3, -12000, -4000),
('pepperstone', 'NZDUSD', '2026-11-01 10:00:01', 2, -9000, -9000),
('ic_markets', 'EURUSD', '2026-11-01 10:00:00', 3, NULL, NULL),
('oanda', 'EURUSD', '2026-11-01 09:59:59', 3, 100, 100);

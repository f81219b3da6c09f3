-- Two windows of fxcm add up over symbols; a late tick takes its gap back: missing is net.
INSERT INTO quality_windows (broker, symbol, window_start, ticks, applied, duplicates, line_duplicates, unchanged, late, backfilled, invalid, missing, quarantined, heartbeats) VALUES
('fxcm', 'EURUSD', '2026-01-05 10:00:00', 10, 3, 2, 1, 1, 0, 1, 2, 2, 1, 1),
('fxcm', 'NZDUSD', '2026-01-05 10:00:01', 5, 4, 0, 0, 0, 1, 0, 0, -1, 0, 1),
('oanda', 'EURUSD', '2026-01-05 10:00:00', 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2);

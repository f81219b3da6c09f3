-- The last tick of each within the span; what was filled in, and seconds without a symbol, are none.
INSERT INTO quality_windows (broker, symbol, window_start, ticks, invalid, backfilled, heartbeats) VALUES
    ('alpha', 'EURUSD', '2026-11-26 09:59:59', 5, 0, 0, 1),
    ('alpha', 'EURUSD', '2026-11-26 10:00:05', 1, 0, 0, 1),
    ('alpha', 'EURUSD', '2026-11-26 10:00:07', 1, 0, 1, 1),
    ('alpha', '', '2026-11-26 10:00:08', 0, 0, 0, 1),
    ('beta', 'NZDUSD', '2026-11-26 10:00:01', 1, 0, 0, 1),
    ('beta', 'NZDUSD', '2026-11-26 10:01:00', 1, 0, 0, 1);

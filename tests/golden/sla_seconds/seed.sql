-- 10:00:00: alpha ticks one symbol and was filled in another, beta beats only. 10:00:01: alpha's ticks are no prices, and it
-- beats; gamma was filled in alone: no sign of life. 10:00:02 is beyond the span.
INSERT INTO quality_windows (broker, symbol, window_start, ticks, invalid, backfilled, heartbeats) VALUES
    ('alpha', 'EURUSD', '2026-11-26 10:00:00', 5, 0, 0, 1),
    ('alpha', 'NZDUSD', '2026-11-26 10:00:00', 3, 0, 3, 1),
    ('beta', '', '2026-11-26 10:00:00', 0, 0, 0, 2),
    ('alpha', 'EURUSD', '2026-11-26 10:00:01', 2, 2, 0, 1),
    ('gamma', 'EURUSD', '2026-11-26 10:00:01', 4, 0, 4, 0),
    ('alpha', 'EURUSD', '2026-11-26 10:00:02', 2, 0, 0, 1);

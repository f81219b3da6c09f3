-- alpha is away for 11 seconds after 10:00:05, which is too long, and for 10 after 10:00:17, which is not. beta is away since
-- 10:00:10; what was filled in at 10:00:30 is no sign of life. gamma's silence was over before the quarter of an hour before the span.
-- delta was heard before the span last, and is away since then.
INSERT INTO quality_windows (broker, symbol, window_start, ticks, backfilled, heartbeats, stored_at) VALUES
    ('alpha', 'EURUSD', '2026-11-26 10:00:04', 1, 0, 1, '2026-11-26 10:00:06'),
    ('alpha', 'USDJPY', '2026-11-26 10:00:05', 1, 0, 0, '2026-11-26 10:00:07'),
    ('alpha', '', '2026-11-26 10:00:17', 0, 0, 1, '2026-11-26 10:00:19'),
    ('alpha', 'EURUSD', '2026-11-26 10:00:28', 1, 0, 1, '2026-11-26 10:00:30'),
    ('alpha', 'USDJPY', '2026-11-26 10:00:28', 1, 0, 1, '2026-11-26 10:00:30'),
    ('beta', 'EURUSD', '2026-11-26 10:00:10', 1, 0, 1, '2026-11-26 10:00:12'),
    ('beta', 'EURUSD', '2026-11-26 10:00:30', 2, 2, 0, '2026-11-26 10:00:32'),
    ('gamma', 'EURUSD', '2026-11-26 09:00:00', 1, 0, 1, '2026-11-26 09:00:02'),
    ('gamma', 'EURUSD', '2026-11-26 09:40:00', 1, 0, 1, '2026-11-26 09:40:02'),
    ('gamma', 'EURUSD', '2026-11-26 10:00:20', 1, 0, 1, '2026-11-26 10:00:22'),
    ('delta', 'EURUSD', '2026-11-26 09:58:00', 1, 0, 1, '2026-11-26 09:58:02');

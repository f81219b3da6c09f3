-- alpha is back at 10:01:00; what was filled in before is no sign of life. beta is not back. gamma's is confirmed: nobody asks. Of
-- delta the newest version is suspected no more.
INSERT INTO gaps (gap, broker, line, from_time, cause, state, changed_at) VALUES
    ('alpha/A', 'alpha', 'A', '2026-11-26 10:00:00', 'session_lost', 'suspected', '2026-11-26 10:00:20'),
    ('alpha/B', 'alpha', 'B', '2026-11-26 10:00:00', 'session_lost', 'suspected', '2026-11-26 10:00:20'),
    ('beta/A', 'beta', 'A', '2026-11-26 10:00:00', 'session_lost', 'suspected', '2026-11-26 10:00:20'),
    ('gamma/A', 'gamma', 'A', '2026-11-26 10:00:00', 'session_lost', 'confirmed', '2026-11-26 10:00:20'),
    ('delta/A', 'delta', 'A', '2026-11-26 10:00:00', 'session_lost', 'suspected', '2026-11-26 10:00:20'),
    ('alpha/A/EURUSD', 'alpha', 'A', '2026-11-26 10:00:00', 'missing', 'suspected', '2026-11-26 10:00:20');
INSERT INTO gaps (gap, broker, line, from_time, cause, state, changed_at) VALUES
    ('delta/A', 'delta', 'A', '2026-11-26 10:00:00', 'session_lost', 'filled', '2026-11-26 10:00:40');
INSERT INTO quality_windows (broker, symbol, window_start, ticks, backfilled, heartbeats) VALUES
    ('alpha', 'EURUSD', '2026-11-26 10:00:00', 1, 0, 1), ('alpha', 'EURUSD', '2026-11-26 10:00:30', 2, 2, 0),
    ('alpha', 'EURUSD', '2026-11-26 10:01:00', 0, 0, 1), ('alpha', 'EURUSD', '2026-11-26 10:01:01', 1, 0, 1),
    ('beta', 'EURUSD', '2026-11-26 10:00:00', 1, 0, 1),
    ('gamma', 'EURUSD', '2026-11-26 10:00:30', 1, 0, 1), ('delta', 'EURUSD', '2026-11-26 10:00:30', 1, 0, 1);

-- EURUSD: alpha ticks in seconds 0 to 3, beta in 0 and 3; in 1 beta beats, in 2 it is away, and in 4 it ticks alone. Of beta four are
-- expected and three observed; of alpha three (0, 3, 4) and two. What was filled in is no tick. NZDUSD: alpha alone, nobody to go by.
-- history: of beta's second 2 a tick was filled in two days later, and one of a second in which it was there; of alpha's second 4 one,
-- but of another symbol, and one that nobody has the time of.
INSERT INTO quality_windows (broker, symbol, window_start, ticks, backfilled, heartbeats) VALUES
    ('alpha', 'EURUSD', '2026-11-26 10:00:00', 2, 0, 1), ('alpha', 'EURUSD', '2026-11-26 10:00:01', 1, 0, 1),
    ('alpha', 'EURUSD', '2026-11-26 10:00:02', 1, 0, 1), ('alpha', 'EURUSD', '2026-11-26 10:00:03', 1, 0, 1),
    ('alpha', 'NZDUSD', '2026-11-26 10:00:01', 1, 0, 1),
    ('beta', 'EURUSD', '2026-11-26 10:00:00', 1, 0, 1), ('beta', '', '2026-11-26 10:00:01', 0, 0, 1),
    ('beta', 'EURUSD', '2026-11-26 10:00:02', 1, 1, 0), ('beta', 'EURUSD', '2026-11-26 10:00:03', 1, 0, 1),
    ('beta', 'EURUSD', '2026-11-26 10:00:04', 1, 0, 1), ('beta', 'EURUSD', '2026-11-26 10:00:05', 1, 0, 1);
INSERT INTO ticks (broker, symbol, line, session, sequence, event_time, received_time, flags) VALUES
    ('beta', 'EURUSD', 'A', -3, 1, '2026-11-26 10:00:02.999999', '2026-11-28 10:00:00', 4),
    ('beta', 'EURUSD', 'A', -3, 2, '2026-11-26 10:00:03', '2026-11-28 10:00:00', 5),
    ('alpha', 'NZDUSD', 'A', -3, 1, '2026-11-26 10:00:04', '2026-11-28 10:00:00', 4),
    ('alpha', 'EURUSD', 'A', -3, 2, NULL, '2026-11-28 10:00:00', 4);

-- alpha EURUSD: of line A's 1 to 7 there came 1, 2, 4 and 7, 4 twice. 3 was filled in a day later, 4 was there already, 8 lies behind
-- what came in the span: 4 live, 5 now. Of line B 2 of 2. Together 6 and 7 of 9. What was filled in as a session of its own fills no
-- sequence of another.
INSERT INTO ticks (broker, symbol, line, session, sequence, event_time, received_time, flags) VALUES
    ('alpha', 'EURUSD', 'A', 1, 1, '2026-11-26 10:00:00', '2026-11-26 10:00:00', 0),
    ('alpha', 'EURUSD', 'A', 1, 2, '2026-11-26 10:00:01', '2026-11-26 10:00:01', 0),
    ('alpha', 'EURUSD', 'A', 1, 4, '2026-11-26 10:00:02', '2026-11-26 10:00:02', 0),
    ('alpha', 'EURUSD', 'A', 1, 4, '2026-11-26 10:00:02', '2026-11-26 10:00:02', 0),
    ('alpha', 'EURUSD', 'A', 1, 7, '2026-11-26 10:00:02.5', '2026-11-26 10:00:02.5', 0),
    ('alpha', 'EURUSD', 'A', 1, 9, '2026-11-26 10:00:06', '2026-11-26 10:00:06', 0),
    ('alpha', 'EURUSD', 'A', 1, 3, '2026-11-26 10:00:03.2', '2026-11-27 10:00:00', 4),
    ('alpha', 'EURUSD', 'A', 1, 4, '2026-11-26 10:00:02', '2026-11-27 10:00:00', 4),
    ('alpha', 'EURUSD', 'A', 1, 8, '2026-11-26 10:00:02.8', '2026-11-27 10:00:00', 4),
    ('alpha', 'EURUSD', 'A', -3, 1, '2026-11-26 10:00:04.9', '2026-11-27 10:00:00', 4),
    ('alpha', 'EURUSD', 'B', 1, 5, '2026-11-26 10:00:00', '2026-11-26 10:00:00', 0),
    ('alpha', 'EURUSD', 'B', 1, 6, '2026-11-26 10:00:00', '2026-11-26 10:00:00', 0),
    ('alpha', 'NZDUSD', 'A', 1, 1, '2026-11-26 10:00:00', '2026-11-26 10:00:00', 0),
    ('beta', 'EURUSD', 'A', 1, 1, NULL, '2026-11-26 10:00:00', 0),
    ('beta', 'EURUSD', 'A', 1, 2, NULL, '2026-11-26 10:00:05', 0);

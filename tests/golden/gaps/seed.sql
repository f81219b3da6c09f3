-- Of alpha: one that has no end yet reaches into every later span; one that was over before does not, nor does one that begins at its end.
INSERT INTO gaps (gap, broker, line, session, symbol, from_time, to_time, first_sequence, last_sequence, cause, state, expected, filled, command, asked_at, reason, found_at, changed_at) VALUES
    ('older open', 'alpha', 'A', NULL, NULL, '2026-11-26 09:00:00', NULL, NULL, NULL, 'session_lost', 'suspected', NULL, NULL, NULL, NULL, '', '2026-11-26 09:00:20', '2026-11-26 09:00:20'),
    ('older over', 'alpha', 'A', 1, 'EURUSD', '2026-11-26 09:00:00', '2026-11-26 09:00:02', 2, 3, 'missing', 'filled', 2, 2, 'fill/x', '2026-11-26 09:00:30', '', '2026-11-26 09:00:20', '2026-11-26 09:00:40'),
    ('first', 'beta', 'B', 1, 'EURUSD', '2026-11-26 10:00:00', '2026-11-26 10:00:02', 2, 3, 'missing', 'suspected', 2, 0, NULL, NULL, '', '2026-11-26 10:00:20', '2026-11-26 10:00:20'),
    ('last', 'alpha', 'A', 1, 'EURUSD', '2026-11-26 10:30:00', '2026-11-26 10:30:02', 7, 7, 'missing', 'unfillable', 1, 0, 'fill/y', '2026-11-26 10:31:00', 'keeps no history', '2026-11-26 10:30:20', '2026-11-26 10:31:40'),
    ('later over', 'alpha', 'A', 1, 'EURUSD', '2026-11-26 10:30:00.000001', '2026-11-26 10:30:02', 9, 9, 'missing', 'partial', 1, NULL, 'fill/z', '2026-11-26 10:31:00', 'nobody knows', '2026-11-26 10:30:20', '2026-11-26 10:31:40');
INSERT INTO gaps (gap, broker, line, session, symbol, from_time, to_time, first_sequence, last_sequence, cause, state, expected, filled, command, asked_at, reason, found_at, changed_at) VALUES
    ('first', 'beta', 'B', 1, 'EURUSD', '2026-11-26 10:00:00', '2026-11-26 10:00:02', 2, 3, 'missing', 'filled', 2, 2, NULL, NULL, 'came late', '2026-11-26 10:00:20', '2026-11-26 10:00:30');

-- alpha/A/EURUSD/1/2: of 2 to 4 one came late and twice, one was filled in; 5 is none of them, nor are another session's, line's or
-- symbol's. alpha/A/lost: of all symbols, three were filled in since it was asked for, one of them with its own sequence; one was
-- filled in before, one on another line. beta: nothing came. over: it has an end. alpha/A/USDJPY/1/7: what was filled in carries no
-- sequence. Of a lost line nothing is missing.
INSERT INTO gaps (gap, broker, line, session, symbol, from_time, first_sequence, last_sequence, cause, state, asked_at, found_at, changed_at) VALUES
    ('alpha/A/EURUSD/1/2', 'alpha', 'A', 1, 'EURUSD', '2026-11-26 10:00:01', 2, 4, 'missing', 'confirmed', NULL, '2026-11-26 10:00:20', '2026-11-26 10:00:20'),
    ('alpha/A/USDJPY/1/7', 'alpha', 'A', 1, 'USDJPY', '2026-11-26 10:00:01', 7, 7, 'missing', 'filling', '2026-11-26 10:01:00', '2026-11-26 10:00:20', '2026-11-26 10:00:20'),
    ('alpha/A/lost', 'alpha', 'A', NULL, NULL, '2026-11-26 10:00:01', NULL, NULL, 'session_lost', 'filling', '2026-11-26 10:01:00', '2026-11-26 10:00:20', '2026-11-26 10:00:20'),
    ('beta/A/EURUSD/1/2', 'beta', 'A', 1, 'EURUSD', '2026-11-26 10:00:01', 2, 2, 'missing', 'suspected', NULL, '2026-11-26 10:00:20', '2026-11-26 10:00:20'),
    ('alpha/A/line', 'alpha', 'A', NULL, NULL, '2026-11-26 09:00:01', NULL, NULL, 'line_lost', 'suspected', NULL, '2026-11-26 10:00:20', '2026-11-26 10:00:20'),
    ('over', 'alpha', 'A', 1, 'EURUSD', '2026-11-26 10:00:01', 9, 9, 'missing', 'filled', NULL, '2026-11-26 10:00:20', '2026-11-26 10:00:20');
INSERT INTO ticks (broker, symbol, line, session, sequence, received_time, flags, append_time, stored_at) VALUES
    ('alpha', 'EURUSD', 'A', 1, 1, '2026-11-26 10:00:01', 0, '2026-11-26 10:00:01', '2026-11-26 10:00:02'),
    ('alpha', 'EURUSD', 'A', 1, 3, '2026-11-26 10:00:09', 0, '2026-11-26 10:00:09', '2026-11-26 10:00:10'),
    ('alpha', 'EURUSD', 'A', 1, 3, '2026-11-26 10:00:09', 0, '2026-11-26 10:00:09', '2026-11-26 10:00:10'),
    ('alpha', 'EURUSD', 'A', 1, 4, '2026-11-26 10:01:05', 4, '2026-11-26 10:01:05', '2026-11-26 10:01:06'),
    ('alpha', 'EURUSD', 'A', 1, 5, '2026-11-26 10:00:05', 0, '2026-11-26 10:00:05', '2026-11-26 10:00:06'),
    ('alpha', 'EURUSD', 'A', 2, 2, '2026-11-26 10:00:05', 0, '2026-11-26 10:00:05', '2026-11-26 10:00:06'),
    ('alpha', 'EURUSD', 'B', 1, 2, '2026-11-26 10:00:05', 0, '2026-11-26 10:00:05', '2026-11-26 10:00:06'),
    ('alpha', 'GBPUSD', 'A', 1, 2, '2026-11-26 10:00:05', 0, '2026-11-26 10:00:05', '2026-11-26 10:00:06'),
    ('alpha', 'GBPUSD', 'A', -7, 1, '2026-11-26 10:00:30', 4, '2026-11-26 10:00:30', '2026-11-26 10:00:31'),
    ('alpha', 'GBPUSD', 'A', -8, 1, '2026-11-26 10:01:05', 4, '2026-11-26 10:01:05', '2026-11-26 10:01:06'),
    ('alpha', 'USDJPY', 'A', -8, 1, '2026-11-26 10:01:05', 4, '2026-11-26 10:01:05', '2026-11-26 10:01:06'),
    ('alpha', 'USDJPY', 'B', -8, 2, '2026-11-26 10:01:05', 4, '2026-11-26 10:01:05', '2026-11-26 10:01:06');

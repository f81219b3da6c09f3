-- The newest one of 10:00:25 or before is at offset 7. Line C ticked more than a minute before; what was filled in does not count.
INSERT INTO ticks (broker, symbol, line, session, sequence, received_time, flags, topic, partition, offset) VALUES
    ('alpha', 'EURUSD', 'C', 1, 1, '2026-11-26 09:59:00', 0, 'ticks.alpha', 2, 3),
    ('alpha', 'EURUSD', 'A', 1, 1, '2026-11-26 10:00:20', 0, 'ticks.alpha', 2, 5),
    ('alpha', 'USDJPY', 'B', 1, 1, '2026-11-26 10:00:25', 0, 'ticks.alpha', 1, 7),
    ('alpha', 'USDJPY', 'B', 1, 2, '2026-11-26 10:00:25', 4, 'ticks.alpha', 1, 8),
    ('alpha', 'EURUSD', 'A', 1, 2, '2026-11-26 10:00:29', 0, 'ticks.alpha', 2, 9),
    ('beta', 'EURUSD', 'D', 1, 2, '2026-11-26 10:00:25', 0, 'ticks.beta', 2, 9);

-- alpha A EURUSD, session 1: 2 and 3 are missing, 5 was redelivered, 7 came late, 9 was filled in and is missing all the same.
-- Line B misses 2 to 4 of its own. Session 2 begins anew, and with 3: what was before cannot be seen.
-- USDTRY: 4 is missing over an hour of quiet; the tick before was stored long ago. GBPUSD has no hole, its 1 is old.
-- beta: its hole was stored before the span, and nothing of it since.
INSERT INTO ticks (broker, symbol, line, session, sequence, received_time, flags, stored_at) VALUES
    ('alpha', 'EURUSD', 'A', 1, 1, '2026-11-26 10:00:01', 0, '2026-11-26 10:00:02'),
    ('alpha', 'EURUSD', 'A', 1, 4, '2026-11-26 10:00:04.5', 0, '2026-11-26 10:00:05'),
    ('alpha', 'EURUSD', 'A', 1, 5, '2026-11-26 10:00:05', 0, '2026-11-26 10:00:06'),
    ('alpha', 'EURUSD', 'A', 1, 5, '2026-11-26 10:00:05.1', 0, '2026-11-26 10:00:06'),
    ('alpha', 'EURUSD', 'A', 1, 6, '2026-11-26 10:00:06', 0, '2026-11-26 10:00:07'),
    ('alpha', 'EURUSD', 'A', 1, 8, '2026-11-26 10:00:08', 0, '2026-11-26 10:00:09'),
    ('alpha', 'EURUSD', 'A', 1, 7, '2026-11-26 10:00:09', 0, '2026-11-26 10:00:10'),
    ('alpha', 'EURUSD', 'A', 1, 9, '2026-11-26 10:30:00', 4, '2026-11-26 10:30:01'),
    ('alpha', 'EURUSD', 'A', 1, 10, '2026-11-26 10:00:10', 0, '2026-11-26 10:00:11'),
    ('alpha', 'EURUSD', 'A', 2, 3, '2026-11-26 10:00:20', 0, '2026-11-26 10:00:21'),
    ('alpha', 'EURUSD', 'A', 2, 4, '2026-11-26 10:00:21', 0, '2026-11-26 10:00:22'),
    ('alpha', 'EURUSD', 'B', 1, 1, '2026-11-26 10:00:01', 0, '2026-11-26 10:00:02'),
    ('alpha', 'EURUSD', 'B', 1, 5, '2026-11-26 10:00:05', 0, '2026-11-26 10:00:06'),
    ('alpha', 'USDTRY', 'A', 1, 2, '2026-11-26 09:00:00', 0, '2026-11-26 09:00:01'),
    ('alpha', 'USDTRY', 'A', 1, 3, '2026-11-26 09:05:00', 0, '2026-11-26 09:05:01'),
    ('alpha', 'USDTRY', 'A', 1, 5, '2026-11-26 10:10:00', 0, '2026-11-26 10:10:01'),
    ('alpha', 'GBPUSD', 'A', 1, 1, '2026-11-26 09:00:00', 0, '2026-11-26 09:00:01'),
    ('alpha', 'GBPUSD', 'A', 1, 2, '2026-11-26 10:10:00', 0, '2026-11-26 10:10:01'),
    ('beta', 'EURUSD', 'A', 1, 1, '2026-11-26 09:00:00', 0, '2026-11-26 09:00:01'),
    ('beta', 'EURUSD', 'A', 1, 3, '2026-11-26 09:00:01', 0, '2026-11-26 09:00:02');

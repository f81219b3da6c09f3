-- The 15th, EURUSD: alpha ticks in 0 to 3, beta in 0 and in 4; in 1 beta beats without a tick, in 2 and 3 it is away, and what was filled in
-- or is no price changes nothing. So: both in 0 and 1; alpha alone in 2 and 3; beta alone in 4, for alpha is away. Second 5 has beats and no
-- tick: nobody expected any. USDJPY: gamma alone; alpha beats then, but does not quote it.
-- The 16th, EURUSD: alpha alone, whatever beta does in other symbols: it does not quote EURUSD on that day.
INSERT INTO quality_windows (broker, symbol, window_start, ticks, backfilled, invalid, heartbeats) VALUES
    ('alpha', 'EURUSD', '2025-10-15 10:00:00', 2, 0, 0, 1), ('alpha', 'EURUSD', '2025-10-15 10:00:01', 1, 0, 0, 1),
    ('alpha', 'EURUSD', '2025-10-15 10:00:02', 1, 0, 0, 1), ('alpha', 'EURUSD', '2025-10-15 10:00:03', 1, 0, 0, 0),
    ('alpha', 'EURUSD', '2025-10-15 10:00:03', 1, 0, 0, 0),
    ('alpha', '', '2025-10-15 10:00:05', 0, 0, 0, 1), ('beta', '', '2025-10-15 10:00:05', 0, 0, 0, 1),
    ('beta', 'EURUSD', '2025-10-15 10:00:00', 1, 0, 0, 1), ('beta', '', '2025-10-15 10:00:01', 0, 0, 0, 1),
    ('beta', 'EURUSD', '2025-10-15 10:00:02', 1, 1, 0, 0), ('beta', 'EURUSD', '2025-10-15 10:00:04', 1, 0, 0, 1),
    ('gamma', 'USDJPY', '2025-10-15 10:00:01', 1, 0, 0, 1), ('gamma', 'USDJPY', '2025-10-15 10:00:02', 1, 0, 1, 1),
    ('alpha', 'EURUSD', '2025-10-16 10:00:00', 1, 0, 0, 1), ('beta', 'GBPUSD', '2025-10-16 10:00:00', 1, 0, 0, 1),
    ('alpha', 'EURUSD', '2025-10-17 00:00:00', 1, 0, 0, 1)

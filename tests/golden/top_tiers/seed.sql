-- Three records of two symbols within the minute, 1, 2 and 9 ms late; one before it.
INSERT INTO tier_quotes (tier, symbol, as_of_time, due_time, published_time, upto_sequence, epoch) VALUES
    ('pro', 'EURUSD', '2026-11-26 09:59:30.000', '2026-11-26 09:59:00.000', '2026-11-26 09:59:30.001', 1, 1),
    ('pro', 'EURUSD', '2026-11-26 09:59:31.000', '2026-11-26 09:59:31.050', '2026-11-26 09:59:31.052', 2, 1),
    ('pro', 'GBPUSD', '2026-11-26 09:59:32.000', '2026-11-26 09:59:00.000', '2026-11-26 09:59:32.009', 1, 1),
    ('pro', 'USDJPY', '2026-11-26 09:58:32.000', '2026-11-26 09:58:00.000', '2026-11-26 09:58:59.000', 1, 1);

-- Interval 100 ms, latency 5 ms. The first is 5 ms late, in time, and replaced 2. The second is 6 ms behind its due time: its own
-- update came 106 ms before, beyond both; what it replaced counts as not covered. The third is late, too, but its own update
-- came 6 ms before. Another ten seconds; another tier; beyond the span.
INSERT INTO tier_quotes (tier, symbol, as_of_time, due_time, published_time, conflated_count, upto_sequence, epoch) VALUES
    ('pro', 'EURUSD', '2026-11-26 10:00:00.010', '2026-11-26 10:00:00.095', '2026-11-26 10:00:00.100', 2, 3, 1),
    ('pro', 'EURUSD', '2026-11-26 10:00:00.100', '2026-11-26 10:00:00.200', '2026-11-26 10:00:00.206', 1, 5, 1),
    ('pro', 'EURUSD', '2026-11-26 10:00:00.400', '2026-11-26 10:00:00.306', '2026-11-26 10:00:00.406', 1, 7, 1),
    ('pro', 'EURUSD', '2026-11-26 10:00:10.000', '2026-11-26 10:00:00.506', '2026-11-26 10:00:10.001', 0, 8, 1),
    ('pro', 'GBPUSD', '2026-11-26 10:00:09.998', '2026-11-26 10:00:09.998', '2026-11-26 10:00:09.999', 0, 1, 1),
    ('free', 'EURUSD', '2026-11-26 10:00:00.010', '2026-11-26 10:00:00.010', '2026-11-26 10:00:00.011', 0, 1, 1),
    ('pro', 'EURUSD', '2026-11-26 10:00:20.000', '2026-11-26 10:00:00.506', '2026-11-26 10:00:20.000', 0, 9, 1);

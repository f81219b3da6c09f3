-- Since 10:00 and since 10:01, until 10:02. USDJPY is not asked for. Slices of time: good, bad (GBPUSD), and good in the second minute.
-- Of latency 9 of 10 in the first, 5 of 5 in the second. What is before or after does not count, nor another tier.
INSERT INTO sla_slices (tier, objective, slice_start, slice_s, symbols, good, total, causes, formula, judged_at) VALUES
    ('pro', 'uptime', '2026-11-26 09:59:50', 10, ['EURUSD'], [0], [1], ['mute'], 'sla/1', '2026-11-26 11:00:00'),
    ('pro', 'uptime', '2026-11-26 10:00:00', 10, ['EURUSD', 'GBPUSD', 'USDJPY'], [1, 1, 0], [1, 1, 1], ['', '', 'mute'], 'sla/1', '2026-11-26 11:00:00'),
    ('pro', 'uptime', '2026-11-26 10:00:10', 10, ['EURUSD', 'GBPUSD', 'USDJPY'], [1, 0, 1], [1, 1, 1], ['', 'mute', ''], 'sla/1', '2026-11-26 11:00:00'),
    ('pro', 'uptime', '2026-11-26 10:01:00', 10, ['EURUSD', 'GBPUSD'], [1, 1], [1, 1], ['', ''], 'sla/1', '2026-11-26 11:00:00'),
    ('pro', 'uptime', '2026-11-26 10:02:00', 10, ['EURUSD'], [0], [1], ['mute'], 'sla/1', '2026-11-26 11:00:00'),
    ('pro', 'latency', '2026-11-26 10:00:50', 10, ['EURUSD', 'USDJPY'], [9, 0], [10, 7], ['', ''], 'sla/1', '2026-11-26 11:00:00'),
    ('pro', 'latency', '2026-11-26 10:01:10', 10, ['EURUSD'], [5], [5], [''], 'sla/1', '2026-11-26 11:00:00'),
    ('free', 'uptime', '2026-11-26 10:00:00', 10, ['EURUSD'], [0], [1], ['mute'], 'sla/1', '2026-11-26 11:00:00');

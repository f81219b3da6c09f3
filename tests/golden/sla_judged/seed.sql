-- Asked for EURUSD and GBPUSD by the minute. 10:00: two slices of uptime, in the second GBPUSD is mute; the first was judged again
-- and is good now. USDJPY is not asked for, and what it did does not count. 10:01: unmeasured. Of latency 90 and 9 of 100.
INSERT INTO sla_slices (tier, objective, slice_start, slice_s, symbols, good, total, causes, formula, judged_at) VALUES
    ('pro', 'uptime', '2026-11-26 10:00:00', 10, ['EURUSD', 'GBPUSD', 'USDJPY'], [1, 0, 1], [1, 1, 1], ['', 'mute', ''], 'sla/1', '2026-11-26 10:00:14'),
    ('pro', 'uptime', '2026-11-26 10:00:10', 10, ['EURUSD', 'GBPUSD', 'USDJPY'], [1, 0, 1], [1, 1, 1], ['', 'mute', ''], 'sla/1', '2026-11-26 10:00:24'),
    ('pro', 'uptime', '2026-11-26 10:01:00', 10, ['EURUSD', 'GBPUSD'], [0, 0], [1, 1], ['unmeasured', 'unmeasured'], 'sla/1', '2026-11-26 10:01:14'),
    ('pro', 'redundancy', '2026-11-26 10:00:00', 60, ['EURUSD', 'USDJPY'], [3, 1], [2, 2], ['', 'session_lost'], 'sla/1', '2026-11-26 10:01:04'),
    ('pro', 'redundancy', '2026-11-26 10:01:00', 60, ['USDJPY'], [1], [2], ['session_lost'], 'sla/1', '2026-11-26 10:02:04'),
    ('pro', 'latency', '2026-11-26 10:00:00', 10, ['EURUSD', 'GBPUSD', 'USDJPY'], [90, 9, 0], [90, 10, 7], ['', '', ''], 'sla/1', '2026-11-26 10:00:14'),
    ('pro', 'uptime', '2026-11-26 10:02:00', 10, ['EURUSD'], [0], [1], ['mute'], 'sla/1', '2026-11-26 10:02:14'),
    ('free', 'uptime', '2026-11-26 10:00:00', 10, ['EURUSD'], [0], [1], ['mute'], 'sla/1', '2026-11-26 10:00:14');
INSERT INTO sla_slices (tier, objective, slice_start, slice_s, symbols, good, total, causes, formula, judged_at) VALUES
    ('pro', 'uptime', '2026-11-26 10:00:00', 10, ['EURUSD', 'GBPUSD', 'USDJPY'], [1, 1, 1], [1, 1, 1], ['', '', ''], 'sla/1', '2026-11-26 10:05:00');

-- Asked for EURUSD and GBPUSD: the first slice is bad for both, of two causes; the second for USDJPY alone, which does not count; the
-- third is unmeasured; the fourth was judged again and is good. Redundancy is another thing.
INSERT INTO sla_slices (tier, objective, slice_start, slice_s, symbols, good, total, causes, formula, judged_at) VALUES
    ('pro', 'uptime', '2026-10-01 10:00:00', 10, ['EURUSD', 'GBPUSD', 'USDJPY'], [0, 0, 1], [1, 1, 1], ['mute', 'session_lost', ''], 'sla/1', '2026-10-01 10:00:14'),
    ('pro', 'uptime', '2026-10-01 10:00:10', 10, ['EURUSD', 'GBPUSD', 'USDJPY'], [1, 1, 0], [1, 1, 1], ['', '', 'mute'], 'sla/1', '2026-10-01 10:00:24'),
    ('pro', 'uptime', '2026-10-01 10:00:20', 10, ['EURUSD', 'GBPUSD'], [0, 0], [1, 1], ['unmeasured', 'unmeasured'], 'sla/1', '2026-10-01 10:00:34'),
    ('pro', 'uptime', '2026-10-01 10:00:30', 10, ['EURUSD'], [0], [1], ['mute'], 'sla/1', '2026-10-01 10:00:44'),
    ('pro', 'uptime', '2026-10-01 10:00:40', 10, ['EURUSD'], [0], [1], ['mute'], 'sla/1', '2026-10-01 10:00:54'),
    ('pro', 'redundancy', '2026-10-01 10:00:00', 60, ['EURUSD'], [1], [2], ['mute'], 'sla/1', '2026-10-01 10:01:04');
INSERT INTO sla_slices (tier, objective, slice_start, slice_s, symbols, good, total, causes, formula, judged_at) VALUES
    ('pro', 'uptime', '2026-10-01 10:00:30', 10, ['EURUSD'], [1], [1], [''], 'sla/1', '2026-10-01 11:00:00');

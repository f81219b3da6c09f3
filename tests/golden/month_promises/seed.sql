-- On the first pro is up in one slice of two, free in its one; pro covers 19 of 20 updates. On the second nobody is heard in pro's one.
-- A slice without symbols, one of redundancy, and one of the third day are none.
INSERT INTO sla_slices (tier, objective, slice_start, slice_s, symbols, good, total, causes, formula, judged_at) VALUES
    ('pro', 'uptime', '2026-10-01 00:00:00', 10, ['EURUSD', 'GBPUSD'], [1, 1], [1, 1], ['', ''], 'sla/1', '2026-10-01 00:01:00'),
    ('pro', 'uptime', '2026-10-01 23:59:50', 10, ['EURUSD', 'GBPUSD'], [1, 0], [1, 1], ['', 'mute'], 'sla/1', '2026-10-01 00:01:00'),
    ('pro', 'uptime', '2026-10-02 00:00:00', 10, ['EURUSD'], [0], [1], ['unmeasured'], 'sla/1', '2026-10-01 00:01:00'),
    ('pro', 'uptime', '2026-10-02 00:00:10', 10, [], [], [], [], 'sla/1', '2026-10-01 00:01:00'),
    ('pro', 'uptime', '2026-10-03 00:00:00', 10, ['EURUSD'], [0], [1], ['mute'], 'sla/1', '2026-10-01 00:01:00'),
    ('pro', 'completeness', '2026-10-01 00:00:00', 10, ['EURUSD', 'GBPUSD'], [9, 10], [10, 10], ['', ''], 'sla/1', '2026-10-01 00:01:00'),
    ('pro', 'redundancy', '2026-10-01 00:00:00', 60, ['EURUSD'], [1], [2], ['mute'], 'sla/1', '2026-10-01 00:01:00'),
    ('free', 'uptime', '2026-10-01 00:00:00', 10, ['EURUSD'], [1], [1], [''], 'sla/1', '2026-10-01 00:01:00');

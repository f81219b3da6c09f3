-- Of twenty symbols one has 1 and the others 3: at least 95 % have 3. The newest minute before the end counts, judged anew.
INSERT INTO sla_slices (tier, objective, slice_start, slice_s, symbols, good, total, causes, formula, judged_at)
SELECT 'enterprise', 'redundancy', '2026-11-26 10:00:00', 60, arrayMap(i -> 'S' || toString(i), range(20)), arrayMap(i -> if(i = 7, 1, 3), range(20)), arrayMap(i -> 3, range(20)), arrayMap(i -> '', range(20)), 'sla/1', '2026-11-26 10:01:04';
INSERT INTO sla_slices (tier, objective, slice_start, slice_s, symbols, good, total, causes, formula, judged_at) VALUES
    ('enterprise', 'redundancy', '2026-11-26 09:59:00', 60, ['S1'], [2], [3], ['mute'], 'sla/1', '2026-11-26 10:00:04'),
    ('enterprise', 'redundancy', '2026-11-26 10:01:00', 60, [], [], [], [], 'sla/1', '2026-11-26 10:02:04'),
    ('enterprise', 'redundancy', '2026-11-26 10:02:00', 60, ['S1'], [1], [3], ['mute'], 'sla/1', '2026-11-26 10:03:04');

-- acme: approved by one, rejected by another a second later: the earlier stands. globex: proposed twice, the same. old: another month.
INSERT INTO credits (tenant, month, step, tier, fee_microusd, percent, amount_microusd, good, total, target_ppm, evidence, decided_by, note, at, formula) VALUES
    ('acme', '2026-10-01', 'PROPOSED', 'pro', 49000000, 10, 4900000, 998, 1000, 999000, '2 × mute', 'tierfeed', '', '2026-11-04 00:00:00', 'sla/1'),
    ('acme', '2026-10-01', 'REJECTED', 'pro', 49000000, 10, 4900000, 998, 1000, 999000, '2 × mute', 'bob', 'no', '2026-11-05 10:00:01', 'sla/1'),
    ('acme', '2026-10-01', 'APPROVED', 'pro', 49000000, 10, 4900000, 998, 1000, 999000, '2 × mute', 'ann', 'fair', '2026-11-05 10:00:00', 'sla/1'),
    ('globex', '2026-10-01', 'PROPOSED', 'pro', 49000000, 25, 12250000, 980, 1000, 999000, '20 × mute', 'tierfeed', '', '2026-11-04 00:00:00', 'sla/1'),
    ('globex', '2026-10-01', 'PROPOSED', 'pro', 49000000, 25, 12250000, 980, 1000, 999000, '20 × mute', 'tierfeed', '', '2026-11-04 00:00:05', 'sla/1'),
    ('old', '2026-09-01', 'PROPOSED', 'pro', 49000000, 50, 24500000, 900, 1000, 999000, '100 × mute', 'tierfeed', '', '2026-10-04 00:00:00', 'sla/1');

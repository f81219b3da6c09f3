-- Two nodes; the second one is asked a minute later, and for 45 s of it; the first does not answer in the third minute. So
-- 60 + 45 + 0 s are known. acme was sent 5000 bytes in the span, one minute of it told by two meters: the one that saw more
-- of it counts. Its group read [0, 10) of partition 0, told in two pieces, [5, 8) again, 4 of partition 1, and 3 of one whose
-- size nobody saw; it skipped 100. What it committed before a node first answered, or after the span, is not looked at.
-- Bytes per offset: 20 and 100. An answer weighs 10, each of two partitions 5 in it: 20 around each offset, and twice a
-- second for 105 s while there is nothing. records: 13 x 20 + 4 x 100. explained: those + 17 x 20 + 2 x 20 x 105.
INSERT INTO principal_bytes (minute, node, principal, bytes, covered_s) VALUES
    ('2026-11-26 09:54:00', 'a:1', '', 0, 60), ('2026-11-26 09:54:00', 'a:1', 'acme', 999, 60),
    ('2026-11-26 09:56:00', 'a:1', '', 0, 0),
    ('2026-11-26 10:00:00', 'a:1', '', 0, 60), ('2026-11-26 10:01:00', 'a:1', '', 0, 60),
    ('2026-11-26 10:01:00', 'b:1', '', 0, 45),
    ('2026-11-26 10:02:00', 'a:1', '', 0, 0), ('2026-11-26 10:02:00', 'b:1', '', 0, 60),
    ('2026-11-26 10:00:00', 'a:1', 'acme', 1500, 30), ('2026-11-26 10:01:00', 'a:1', 'acme', 1000, 60),
    ('2026-11-26 10:01:00', 'b:1', 'acme', 1000, 60), ('2026-11-26 10:01:00', 'b:1', 'globex', 77, 60);
INSERT INTO principal_bytes (minute, node, principal, bytes, covered_s) VALUES
    ('2026-11-26 10:00:00', 'a:1', 'acme', 3000, 60);
INSERT INTO log_sizes (minute, node, topic, partition, bytes, offsets) VALUES
    ('2026-11-26 10:00:00', 'a:1', 'tier.pro', 0, 1000, 50), ('2026-11-26 10:01:00', 'b:1', 'tier.pro', 0, 1000, 50),
    ('2026-11-26 10:00:00', 'a:1', 'tier.pro', 1, 400, 4);
INSERT INTO usage_ranges (tenant, consumer_group, read_topic, read_partition, kind, from_offset, to_offset, pass, committed_at, source_offset) VALUES
    ('acme', 'acme.desk', 'tier.pro', 0, 'CONSUMED', 0, 6, 0, '2026-11-26 10:00:10', 1),
    ('acme', 'acme.desk', 'tier.pro', 0, 'CONSUMED', 4, 10, 0, '2026-11-26 10:00:20', 2),
    ('acme', 'acme.desk', 'tier.pro', 0, 'CONSUMED', 5, 8, 1, '2026-11-26 10:00:30', 3),
    ('acme', 'acme.desk', 'tier.pro', 1, 'CONSUMED', 0, 4, 0, '2026-11-26 10:00:30', 4),
    ('acme', 'acme.desk', 'tier.pro', 1, 'SKIPPED', 4, 104, 0, '2026-11-26 10:00:40', 5),
    ('acme', 'acme.desk', 'tier.pro', 2, 'CONSUMED', 0, 3, 0, '2026-11-26 10:02:50', 6),
    ('acme', 'acme.desk', 'tier.pro', 1, 'CONSUMED', 200, 900, 0, '2026-11-26 09:57:00', 7),
    ('acme', 'acme.desk', 'tier.pro', 1, 'CONSUMED', 104, 200, 0, '2026-11-26 10:03:00', 8),
    ('globex', 'globex.desk', 'tier.pro', 0, 'CONSUMED', 0, 1000, 0, '2026-11-26 10:00:10', 9);

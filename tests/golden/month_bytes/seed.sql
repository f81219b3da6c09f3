-- Two nodes; the second one is asked a minute later, and for 45 s of it; the first does not answer in the third minute: 105 s known.
-- acme is as in the golden of usage_bytes: 13 offsets of 20 bytes, 4 of 100, 3 unsized, 20 around each, one group. globex was sent 77 and
-- read 1000 of 20: 1000 x 40 + 2 x 20 x 105. silent was sent 9 and never commits. The product's own user is no tenant.
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
INSERT INTO principal_bytes (minute, node, principal, bytes, covered_s) VALUES
    ('2026-11-26 10:00:00', 'a:1', 'silent', 9, 60), ('2026-11-26 10:00:00', 'a:1', 'tierfeed-sink', 99999, 60);
INSERT INTO tenant_versions (tenant, valid_from, active, name, tier, symbols) VALUES
    ('silent', '2026-09-01 00:00:00', true, 'S', 'pro', []), ('idle', '2026-09-01 00:00:00', true, 'I', 'pro', []);

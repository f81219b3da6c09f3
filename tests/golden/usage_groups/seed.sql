-- Stored are offsets 5 to 9. acme.desk consumed [2, 8): three have expired; acme.lab [8, 12): two are not stored yet.
INSERT INTO tier_quotes (tier, symbol, topic_id, partition, offset) VALUES
('free', 'EURUSD', '00000000-0000-0000-0000-000000000001', 0, 5),
('free', 'EURUSD', '00000000-0000-0000-0000-000000000001', 0, 9);
INSERT INTO usage_ranges (tenant, consumer_group, read_topic, read_topic_id, read_partition, kind, from_offset, to_offset, committed_at) VALUES
('acme', 'acme.desk', 'free', '00000000-0000-0000-0000-000000000001', 0, 'START_UNKNOWN', NULL, 2, '2026-11-01 10:00:00'),
('acme', 'acme.desk', 'free', '00000000-0000-0000-0000-000000000001', 0, 'CONSUMED', 2, 8, '2026-11-01 10:00:05'),
('acme', 'acme.desk', 'free', '00000000-0000-0000-0000-000000000001', 0, 'CONSUMED', 2, 8, '2026-11-01 10:00:05'),
('acme', 'acme.lab', 'free', '00000000-0000-0000-0000-000000000001', 0, 'CONSUMED', 8, 12, '2026-11-02 10:00:00'),
('globex', 'globex.desk', 'free', '00000000-0000-0000-0000-000000000001', 0, 'CONSUMED', 0, 10, '2026-11-03 10:00:00');

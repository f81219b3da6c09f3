-- Ten records of one partition, EURUSD at even offsets. acme.desk consumed [0, 4) told by two meters in other pieces, was
-- set forward to 6, consumed [6, 9), went back to 2 and read [2, 5) again: it consumed 0-4 and 6-8, replayed 2 and 3, and
-- skipped 5. acme.lab consumed [8, 10). globex does not count.
INSERT INTO tier_quotes (tier, symbol, state, published_time, received_time, topic_id, partition, offset) VALUES
('free', 'EURUSD', 'NORMAL', '2026-11-01 10:00:00', '2026-11-01 10:00:00', '00000000-0000-0000-0000-000000000001', 0, 0),
('free', 'GBPUSD', 'NORMAL', '2026-11-01 10:00:01', '2026-11-01 10:00:00', '00000000-0000-0000-0000-000000000001', 0, 1),
('free', 'EURUSD', 'NORMAL', '2026-11-01 10:00:02', '2026-11-01 10:00:01', '00000000-0000-0000-0000-000000000001', 0, 2),
('free', 'GBPUSD', 'NORMAL', '2026-11-01 10:00:03', '2026-11-01 10:00:02', '00000000-0000-0000-0000-000000000001', 0, 3),
('free', 'EURUSD', 'NORMAL', '2026-11-01 10:00:04', '2026-11-01 10:00:03', '00000000-0000-0000-0000-000000000001', 0, 4),
('free', 'GBPUSD', 'NORMAL', '2026-11-01 10:00:05', '2026-11-01 10:00:04', '00000000-0000-0000-0000-000000000001', 0, 5),
('free', 'EURUSD', 'STALE', '2026-11-01 10:00:06', '2026-11-01 10:00:05', '00000000-0000-0000-0000-000000000001', 0, 6),
('free', 'GBPUSD', 'NORMAL', '2026-11-01 10:00:07', '2026-11-01 10:00:06', '00000000-0000-0000-0000-000000000001', 0, 7),
('free', 'EURUSD', 'NORMAL', '2026-11-02 10:00:08', '2026-11-02 10:00:07', '00000000-0000-0000-0000-000000000001', 0, 8),
('free', 'GBPUSD', 'NORMAL', '2026-11-02 10:00:09', '2026-11-02 10:00:08', '00000000-0000-0000-0000-000000000001', 0, 9);
INSERT INTO usage_ranges (tenant, consumer_group, read_topic, read_topic_id, read_partition, kind, from_offset, to_offset, pass, source_offset) VALUES
('acme', 'acme.desk', 'free', '00000000-0000-0000-0000-000000000001', 0, 'CONSUMED', 0, 2, 0, 1),
('acme', 'acme.desk', 'free', '00000000-0000-0000-0000-000000000001', 0, 'CONSUMED', 2, 4, 0, 2),
('acme', 'acme.desk', 'free', '00000000-0000-0000-0000-000000000001', 0, 'CONSUMED', 0, 3, 0, 2),
('acme', 'acme.desk', 'free', '00000000-0000-0000-0000-000000000001', 0, 'CONSUMED', 3, 4, 0, 3),
('acme', 'acme.desk', 'free', '00000000-0000-0000-0000-000000000001', 0, 'SKIPPED', 4, 6, 0, 4),
('acme', 'acme.desk', 'free', '00000000-0000-0000-0000-000000000001', 0, 'CONSUMED', 6, 9, 0, 5),
('acme', 'acme.desk', 'free', '00000000-0000-0000-0000-000000000001', 0, 'CONSUMED', 2, 5, 6, 6),
('acme', 'acme.lab', 'free', '00000000-0000-0000-0000-000000000001', 0, 'START_UNKNOWN', NULL, 8, 0, 7),
('acme', 'acme.lab', 'free', '00000000-0000-0000-0000-000000000001', 0, 'CONSUMED', 8, 10, 0, 8),
('globex', 'globex.desk', 'free', '00000000-0000-0000-0000-000000000001', 0, 'CONSUMED', 0, 10, 0, 9);

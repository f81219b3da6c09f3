-- Two records of ticks.fxcm, one of them twice; the same offsets of a topic that was made anew are other records.
INSERT INTO ticks (broker, symbol, bid, ask, event_time, received_time, line, session, sequence, topic, topic_id, partition, offset, append_time, stored_at) VALUES
('fxcm', 'EURUSD', 1.1, 1.2, NULL, '2026-01-05 10:00:00.1', 'A', 1, 1, 'ticks.fxcm', '00000000-0000-0000-0000-000000000001', 0, 1, '2026-01-05 10:00:00.100', '2026-01-05 10:00:01'),
('fxcm', 'EURUSD', 1.1, 1.2, NULL, '2026-01-05 10:00:00.2', 'A', 1, 2, 'ticks.fxcm', '00000000-0000-0000-0000-000000000001', 0, 2, '2026-01-05 10:00:00.200', '2026-01-05 10:00:01'),
('fxcm', 'EURUSD', 1.1, 1.2, NULL, '2026-01-05 10:00:00.2', 'A', 1, 2, 'ticks.fxcm', '00000000-0000-0000-0000-000000000001', 0, 2, '2026-01-05 10:00:00.200', '2026-01-05 10:00:02'),
('fxcm', 'EURUSD', 1.1, 1.2, NULL, '2026-01-05 10:00:00.2', 'A', 1, 2, 'ticks.fxcm', '00000000-0000-0000-0000-000000000002', 0, 2, '2026-01-05 10:00:00.200', '2026-01-05 10:00:02');
INSERT INTO tier_quotes (tier, symbol, as_of_time, due_time, published_time, upto_sequence, epoch, state, topic, topic_id, partition, offset, append_time, stored_at) VALUES
('free', 'EURUSD', '2026-01-05 10:00:00', '2026-01-05 10:00:00', '2026-01-05 10:00:00', 1, 1, 'NORMAL', 'tier.free', '00000000-0000-0000-0000-000000000003', 0, 0, '2026-01-05 10:00:00', '2026-01-05 10:00:01');
INSERT INTO quality_windows (broker, symbol, window_start, ticks, topic, topic_id, partition, offset, append_time, stored_at) VALUES
('fxcm', 'EURUSD', '2026-01-05 10:00:00', 3, 'quality', '00000000-0000-0000-0000-000000000004', 0, 0, '2026-01-05 10:00:01', '2026-01-05 10:00:01');

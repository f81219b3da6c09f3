-- fxcm: normal, crossed, locked, and one side only, which is neither. oanda: one tick.
INSERT INTO ticks (broker, symbol, bid, ask, event_time, received_time, line, session, sequence, topic, topic_id, partition, offset, append_time, stored_at) VALUES
('fxcm', 'EURUSD', 1.1, 1.2, NULL, '2026-01-05 10:00:00.1', 'A', 1, 1, 'ticks.fxcm', '00000000-0000-0000-0000-000000000001', 0, 1, '2026-01-05 10:00:00', '2026-01-05 10:00:01'),
('fxcm', 'EURUSD', 1.2, 1.1, NULL, '2026-01-05 10:00:00.2', 'A', 1, 2, 'ticks.fxcm', '00000000-0000-0000-0000-000000000001', 0, 2, '2026-01-05 10:00:00', '2026-01-05 10:00:01'),
('fxcm', 'NZDUSD', 1.1, 1.1, NULL, '2026-01-05 10:00:00.3', 'A', 1, 1, 'ticks.fxcm', '00000000-0000-0000-0000-000000000001', 0, 3, '2026-01-05 10:00:00', '2026-01-05 10:00:01'),
('fxcm', 'NZDUSD', 1.1, 0, NULL, '2026-01-05 10:00:00.4', 'A', 1, 2, 'ticks.fxcm', '00000000-0000-0000-0000-000000000001', 0, 4, '2026-01-05 10:00:00', '2026-01-05 10:00:01'),
('oanda', 'EURUSD', 1.1, 1.2, NULL, '2026-01-05 10:00:00.5', 'A', 1, 1, 'ticks.oanda', '00000000-0000-0000-0000-000000000002', 0, 1, '2026-01-05 10:00:00', '2026-01-05 10:00:01');

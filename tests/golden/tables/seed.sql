INSERT INTO ticks (broker, symbol, bid, ask, event_time, received_time, line, session, sequence, topic, topic_id, partition, offset, append_time, stored_at) VALUES
('fxcm', 'EURUSD', 1.1, 1.2, NULL, '2026-01-05 10:00:00', 'A', 1, 1, 'ticks.fxcm', '00000000-0000-0000-0000-000000000001', 0, 1, '2026-01-05 10:00:00', '2026-01-05 10:00:01'),
('fxcm', 'EURUSD', 1.1, 1.2, NULL, '2026-01-05 10:00:00', 'A', 1, 2, 'ticks.fxcm', '00000000-0000-0000-0000-000000000001', 0, 2, '2026-01-05 10:00:00', '2026-01-05 10:00:01');
-- Two versions of one minute are one bar; a minute of backfilled ticks alone is none.
INSERT INTO bars_1m (broker, symbol, minute, ticks, rows) VALUES ('fxcm', 'EURUSD', '2026-01-05 10:00:00', 1, 1);
INSERT INTO bars_1m (broker, symbol, minute, ticks, rows) VALUES ('fxcm', 'EURUSD', '2026-01-05 10:00:00', 2, 2), ('fxcm', 'EURUSD', '2026-01-05 10:01:00', 0, 4);

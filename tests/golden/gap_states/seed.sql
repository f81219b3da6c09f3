-- The newest row of a gap counts. One that is not over yet touches every span behind its beginning; one that ended before the
-- span, one that begins at its end, and one of another broker do not belong; nor does a lost line.
INSERT INTO gaps (gap, broker, line, from_time, to_time, cause, state, reason, found_at, changed_at) VALUES
('a', 'fxcm', 'A', '2026-11-01 10:00:05', '2026-11-01 10:00:06', 'missing', 'confirmed', '', '2026-11-01 10:01:00', '2026-11-01 10:01:00'),
('a', 'fxcm', 'A', '2026-11-01 10:00:05', '2026-11-01 10:00:06', 'missing', 'filled', '', '2026-11-01 10:01:00', '2026-11-01 10:02:00'),
('b', 'fxcm', 'A', '2026-11-01 09:59:00', '2026-11-01 10:00:00', 'session_lost', 'filled', '', '2026-11-01 10:01:00', '2026-11-01 10:02:00'),
('c', 'oanda', 'B', '2026-11-01 09:00:00', NULL, 'session_lost', 'suspected', '', '2026-11-01 09:01:00', '2026-11-01 09:01:00'),
('d', 'fxcm', 'A', '2026-11-01 09:00:00', '2026-11-01 09:59:59.999999', 'missing', 'partial', '', '2026-11-01 10:01:00', '2026-11-01 10:01:00'),
('e', 'fxcm', 'A', '2026-11-01 10:01:00', '2026-11-01 10:01:01', 'missing', 'partial', '', '2026-11-01 10:01:00', '2026-11-01 10:01:00'),
('g', 'fxcm', 'B', '2026-11-01 10:00:05', '2026-11-01 10:00:36', 'line_lost', 'filled', '', '2026-11-01 10:01:00', '2026-11-01 10:01:00'),
('f', 'pepperstone', 'A', '2026-11-01 10:00:05', '2026-11-01 10:00:06', 'missing', 'unfillable', '', '2026-11-01 10:01:00', '2026-11-01 10:01:00');

-- Of these, two are pro, EURUSD and within the span; the end does not belong to it.
INSERT INTO tier_quotes (tier, symbol, bid, ask, state, published_time, upto_sequence, epoch) VALUES
('pro', 'EURUSD', 1.1, 1.2, 'NORMAL', '2026-11-01 09:59:59.999999', 1, 1),
('pro', 'EURUSD', 1.1, 1.3, 'NORMAL', '2026-11-01 10:00:00', 2, 1),
('pro', 'EURUSD', 1.1, NULL, 'ONE_SIDED', '2026-11-01 10:30:00', 3, 1),
('pro', 'EURUSD', 1.1, 1.4, 'NORMAL', '2026-11-01 11:00:00', 4, 1),
('pro', 'GBPUSD', 1.3, 1.4, 'NORMAL', '2026-11-01 10:30:00', 5, 1),
('free', 'EURUSD', 1.1, 1.3, 'NORMAL', '2026-11-01 10:30:00', 6, 1);

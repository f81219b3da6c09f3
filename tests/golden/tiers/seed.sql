-- pro EURUSD: three records over five composites. pro GBPUSD: its second composite twice. free: one record.
INSERT INTO tier_quotes (tier, symbol, upto_sequence, conflated_count, offset, state) VALUES
('pro', 'EURUSD', 1, 0, 1, 'NORMAL'),
('pro', 'EURUSD', 4, 2, 2, 'NORMAL'),
('pro', 'EURUSD', 5, 0, 3, 'STALE'),
('pro', 'GBPUSD', 2, 1, 4, 'NORMAL'),
('pro', 'GBPUSD', 2, 1, 5, 'NORMAL'),
('free', 'EURUSD', 3, 2, 1, 'NORMAL');

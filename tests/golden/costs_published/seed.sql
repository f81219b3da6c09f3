-- pro: 10 + 20 records on the 2nd from two partitions and hours, one of which was computed twice; its depth was 24 hours when that day
-- ended, 48 when the 20th did. free was first described after the 2nd ended, with 1 hour. gold was never described.
INSERT INTO tier_hours (tier, symbol, hour, topic_id, partition, records, version) VALUES
    ('pro', 'EURUSD', '2026-11-02 10:00:00', '00000000-0000-0000-0000-000000000001', 0, 10, 10),
    ('pro', 'EURUSD', '2026-11-02 10:00:00', '00000000-0000-0000-0000-000000000001', 0, 4, 4),
    ('pro', 'EURUSD', '2026-11-02 23:00:00', '00000000-0000-0000-0000-000000000001', 1, 20, 20),
    ('pro', 'USDJPY', '2026-11-20 00:00:00', '00000000-0000-0000-0000-000000000001', 0, 5, 5),
    ('free', 'EURUSD', '2026-11-02 10:00:00', '00000000-0000-0000-0000-000000000002', 0, 7, 7),
    ('gold', 'EURUSD', '2026-11-02 10:00:00', '00000000-0000-0000-0000-000000000003', 0, 8, 8),
    ('pro', 'EURUSD', '2026-10-31 23:00:00', '00000000-0000-0000-0000-000000000001', 0, 9, 9),
    ('pro', 'EURUSD', '2026-12-01 00:00:00', '00000000-0000-0000-0000-000000000001', 0, 9, 9);
INSERT INTO tier_versions (tier, valid_from, active, interval_ms, depth_hours, redundancy) VALUES
    ('pro', '2026-01-01 00:00:00', true, 100, 12, 2),
    ('pro', '2026-11-01 00:00:00', true, 100, 24, 2),
    ('pro', '2026-11-10 12:00:00', true, 100, 48, 2),
    ('free', '2026-11-05 00:00:00', true, 1000, 1, 1),
    ('free', '2026-11-06 00:00:00', true, 1000, 2, 1);

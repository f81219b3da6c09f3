-- pro on the 2nd: partition 0 on node a of 100 and then 300, 200 on average, told twice; on node b, its replica, 201 of one minute; partition 1
-- 10 and 15, rounded down to 12. Together 413.
INSERT INTO log_sizes (minute, node, topic, partition, bytes, offsets) VALUES
    ('2026-11-02 10:00:00', 'a:1', 'tier.pro', 0, 100, 1),
    ('2026-11-02 10:00:00', 'a:1', 'tier.pro', 0, 100, 1),
    ('2026-11-02 10:01:00', 'a:1', 'tier.pro', 0, 300, 3),
    ('2026-11-02 10:01:00', 'b:1', 'tier.pro', 0, 201, 3),
    ('2026-11-02 10:00:00', 'a:1', 'tier.pro', 1, 10, 3),
    ('2026-11-02 10:01:00', 'a:1', 'tier.pro', 1, 15, 3),
    ('2026-11-01 00:00:00', 'a:1', 'tier.free', 0, 7, 1),
    ('2026-10-31 23:59:00', 'a:1', 'tier.free', 0, 9, 1),
    ('2026-12-01 00:00:00', 'a:1', 'tier.free', 0, 9, 1);

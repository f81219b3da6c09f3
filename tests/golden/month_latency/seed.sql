-- pro: of 100 records 50 took under a microsecond, 45 are in bucket 80 (up to 2^(81/8) = 1116.7 us), 5 in 96 (up to 4466.7 us), in two
-- hours, of which one was computed twice. free: 10 in bucket 160 (up to 1143480 us). Of all 110, 55 are not more than bucket 80.
INSERT INTO tier_hours (tier, symbol, hour, topic_id, partition, records, timed, waited_us, pipeline_us, pipeline, version) VALUES
    ('pro', 'EURUSD', '2026-10-01 00:00:00', toUUID('00000000-0000-0000-0000-000000000001'), 0, 9, 9, 9, 9, {80: 9}, 9),
    ('pro', 'GBPUSD', '2026-10-31 23:00:00', toUUID('00000000-0000-0000-0000-000000000001'), 0, 45, 40, 400000, 6000, {80: 40, 96: 5}, 45),
    ('pro', 'GBPUSD', '2026-11-01 00:00:00', toUUID('00000000-0000-0000-0000-000000000001'), 0, 45, 40, 400000, 6000, {80: 40, 96: 5}, 45),
    ('free', 'EURUSD', '2026-10-01 00:00:00', toUUID('00000000-0000-0000-0000-000000000002'), 0, 10, 0, 0, 9000000, {160: 10}, 10);
INSERT INTO tier_hours (tier, symbol, hour, topic_id, partition, records, timed, waited_us, pipeline_us, pipeline, version) VALUES
    ('pro', 'EURUSD', '2026-10-01 00:00:00', toUUID('00000000-0000-0000-0000-000000000001'), 0, 55, 50, 500000, 4000, {80: 5, 0: 50}, 55);

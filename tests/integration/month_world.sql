-- October 2024, worked out by hand. acme pays 310 a month; globex 930 for 16 days (480), then 310 for 15 (150); small 62 for 10 days (20),
-- then it is free: 960 recognised. Of September: 310 + 930 + 62. Credits of 31 and 9 are approved, one of 500 is only proposed.
INSERT INTO ops_subscriptions_versions (tenant, from_date, to_date, tier, price_microusd, void, source, file, imported_at) VALUES
    ('acme', '2024-09-01', NULL, 'pro', 310000000, false, 'real', 'f', '2024-09-01 00:00:00'),
    ('globex', '2024-09-01', '2024-10-17', 'enterprise', 930000000, false, 'real', 'f', '2024-09-01 00:00:00'),
    ('globex', '2024-10-17', NULL, 'pro', 310000000, false, 'real', 'f', '2024-09-01 00:00:00'),
    ('small', '2024-09-01', '2024-10-11', 'pro', 62000000, false, 'real', 'f', '2024-09-01 00:00:00'),
    ('small', '2024-10-11', NULL, 'free', 0, false, 'real', 'f', '2024-09-01 00:00:00');
INSERT INTO credits (tenant, month, step, tier, fee_microusd, percent, amount_microusd, good, total, target_ppm, evidence, decided_by, note, at, formula) VALUES
    ('acme', '2024-10-01', 'PROPOSED', 'pro', 310000000, 10, 31000000, 998, 1000, 999000, '', 'tierfeed', '', '2024-11-04 00:00:00', 'sla/1'),
    ('acme', '2024-10-01', 'APPROVED', 'pro', 310000000, 10, 31000000, 998, 1000, 999000, '', 'ann', '', '2024-11-04 00:00:00', 'sla/1');
INSERT INTO ops_credits_versions (credit, tenant, month, amount_microusd, state, reason, void, source, file, imported_at) VALUES
    ('k1', 'globex', '2024-10-01', 9000000, 'approved', '', false, 'real', 'f', '2024-11-01 00:00:00'),
    ('k2', 'globex', '2024-10-01', 500000000, 'proposed', '', false, 'real', 'f', '2024-11-01 00:00:00');
INSERT INTO ops_invoices_versions (invoice, tenant, from_date, to_date, amount_microusd, void, source, imported_at) VALUES
    ('i1', 'acme', '2024-10-01', '2024-11-01', 279000000, false, 'real', '2024-11-01 00:00:00'),
    ('i2', 'globex', '2024-10-01', '2024-11-01', 630000000, false, 'real', '2024-11-01 00:00:00');
-- 310 + the 15 October days of a 30 day charge of 93 (46.5) + 13.5 = 370; 46.5 in September.
INSERT INTO ops_cost_charges_versions (charge, charge_period_start, charge_period_end, service_name, effective_cost_microusd, tags, void, source, imported_at) VALUES
    ('servers', '2024-10-01', '2024-11-01', 'servers', 310000000, {'provisioned': '4', 'used': '3'}, false, 'real', '2024-11-01 00:00:00'),
    ('feeds', '2024-09-16', '2024-10-16', 'feeds', 93000000, {}, false, 'real', '2024-11-01 00:00:00'),
    ('audit', '2024-10-01', '2024-10-02', 'audit', 13500000, {}, false, 'real', '2024-11-01 00:00:00');
-- acme and globex consumed; small only read again.
INSERT INTO consumption_days (tenant, day, tier, symbol, ticks, replayed, version) VALUES
    ('acme', '2024-10-01', 'pro', 'EURUSD', 100, 0, 100), ('globex', '2024-10-01', 'pro', 'EURUSD', 50, 0, 50),
    ('small', '2024-10-01', 'pro', 'EURUSD', 0, 50, 50);
-- fxcm: 1990 of 2000 seconds live, oanda 900 of 1000. Source: 500 + 480 + 400 of 1400. Transport: 990 + 1000 + 500 came, 10 are missing.
INSERT INTO broker_days (broker, symbol, day, scheduled_s, live_s, expected_s, observed_s, ticks, duplicates, missing, timed, feed_us, version) VALUES
    ('fxcm', 'EURUSD', '2024-10-01', 1000, 1000, 500, 500, 1000, 10, 10, 1000, 1000000, 1),
    ('fxcm', 'EURUSD', '2024-10-02', 1000, 990, 500, 480, 1000, 0, 0, 1000, 1000000, 1),
    ('oanda', 'EURUSD', '2024-10-01', 1000, 900, 400, 400, 500, 0, 0, 0, 0, 1);
INSERT INTO ops_broker_contracts_versions (broker, from_date, to_date, connections, void, source, imported_at) VALUES
    ('fxcm', '2024-01-01', '2024-10-03', 2, false, 'real', '2024-01-01 00:00:00'),
    ('pepperstone', '2024-01-01', NULL, 4, false, 'real', '2024-01-01 00:00:00');
-- 200 records took 300 ms through the pipeline: 1.5 ms each.
INSERT INTO tier_hours (tier, symbol, hour, topic_id, partition, records, timed, waited_us, pipeline_us, pipeline, version) VALUES
    ('pro', 'EURUSD', '2024-10-01 10:00:00', toUUID('00000000-0000-0000-0000-000000000001'), 0, 100, 100, 1000000, 200000, {88: 100}, 100),
    ('enterprise', 'EURUSD', '2024-10-01 10:00:00', toUUID('00000000-0000-0000-0000-000000000002'), 0, 100, 0, 0, 100000, {79: 100}, 100);
-- CSAT 21 / 5. NPS: three of five promote, one does not. Two answers of September. One upgrade of four was won.
INSERT INTO ops_surveys_versions (survey, tenant, kind, score, answered_at, void, source, imported_at) VALUES
    ('c1', 'acme', 'CSAT', 5, '2024-10-05 00:00:00', false, 'real', '2024-11-01 00:00:00'),
    ('c2', 'acme', 'CSAT', 4, '2024-10-06 00:00:00', false, 'real', '2024-11-01 00:00:00'),
    ('c3', 'globex', 'CSAT', 4, '2024-10-06 00:00:00', false, 'real', '2024-11-01 00:00:00'),
    ('c4', 'globex', 'CSAT', 3, '2024-10-06 00:00:00', false, 'real', '2024-11-01 00:00:00'),
    ('c5', 'small', 'CSAT', 5, '2024-10-06 00:00:00', false, 'real', '2024-11-01 00:00:00'),
    ('c6', 'small', 'CSAT', 1, '2024-09-06 00:00:00', false, 'real', '2024-11-01 00:00:00'),
    ('c7', 'small', 'CSAT', 1, '2024-09-07 00:00:00', false, 'real', '2024-11-01 00:00:00'),
    ('n1', 'acme', 'NPS', 10, '2024-10-05 00:00:00', false, 'real', '2024-11-01 00:00:00'),
    ('n2', 'acme', 'NPS', 9, '2024-10-05 00:00:00', false, 'real', '2024-11-01 00:00:00'),
    ('n3', 'globex', 'NPS', 9, '2024-10-05 00:00:00', false, 'real', '2024-11-01 00:00:00'),
    ('n4', 'globex', 'NPS', 7, '2024-10-05 00:00:00', false, 'real', '2024-11-01 00:00:00'),
    ('n5', 'small', 'NPS', 3, '2024-10-05 00:00:00', false, 'real', '2024-11-01 00:00:00');
INSERT INTO ops_opportunities_versions (opportunity, tenant, kind, to_tier, amount_microusd, opened_on, closed_on, state, void, source, imported_at) VALUES
    ('o1', 'acme', 'upgrade', 'enterprise', 20, '2024-09-01', '2024-10-01', 'won', false, 'real', '2024-11-01 00:00:00'),
    ('o2', 'acme', 'upgrade', 'enterprise', 20, '2024-09-01', '2024-10-31', 'lost', false, 'real', '2024-11-01 00:00:00'),
    ('o3', 'globex', 'upgrade', 'enterprise', 20, '2024-09-01', '2024-10-31', 'lost', false, 'real', '2024-11-01 00:00:00'),
    ('o4', 'small', 'upgrade', 'pro', 20, '2024-09-01', '2024-10-31', 'lost', false, 'real', '2024-11-01 00:00:00');
-- When October ended acme had pro all month, globex since the 17th, small free. Pro was up 98 of 100 slices on the first and 100 of 100 on
-- the 20th: 99.0 % of acme's month, as promised; it covered 98 of 100 updates and 100 of 100: 99.0 %, and 99.5 are promised.
INSERT INTO tenant_versions (tenant, valid_from, active, name, tier, symbols) VALUES
    ('acme', '2024-09-01 00:00:00', true, 'A', 'pro', []), ('globex', '2024-09-01 00:00:00', true, 'G', 'enterprise', []),
    ('globex', '2024-10-17 00:00:00', true, 'G', 'pro', []), ('small', '2024-09-01 00:00:00', true, 'S', 'pro', []),
    ('small', '2024-10-11 00:00:00', true, 'S', 'free', []);
INSERT INTO tier_versions (tier, valid_from, active, interval_ms, depth_hours, brokers, redundancy, price_microusd, latency_ms, completeness_percent, uptime_percent) VALUES
    ('pro', '2024-01-01 00:00:00', true, 100, 24, ['fxcm'], 2, 310000000, 5, 99.5, 99.0),
    ('free', '2024-01-01 00:00:00', true, 1000, 1, ['fxcm'], 1, 0, NULL, NULL, 99.0),
    ('enterprise', '2024-01-01 00:00:00', true, 10, 168, ['fxcm'], 2, 930000000, 1, 99.9, 99.9);
INSERT INTO sla_slices (tier, objective, slice_start, slice_s, symbols, good, total, causes, formula, judged_at)
SELECT 'pro', 'uptime', toDateTime('2024-10-01 12:00:00', 'UTC') + 10 * number, 10, ['EURUSD'], [number >= 2], [1], [''], 'sla/1', '2024-10-02 00:00:00' FROM numbers(100);
INSERT INTO sla_slices (tier, objective, slice_start, slice_s, symbols, good, total, causes, formula, judged_at)
SELECT tier, 'uptime', toDateTime('2024-10-20 12:00:00', 'UTC') + 10 * number, 10, ['EURUSD'], [1], [1], [''], 'sla/1', '2024-10-21 00:00:00'
FROM numbers(100) AS n CROSS JOIN (SELECT arrayJoin(['pro', 'free']) AS tier) AS tiers;
INSERT INTO sla_slices (tier, objective, slice_start, slice_s, symbols, good, total, causes, formula, judged_at)
SELECT tier, 'redundancy', toDateTime('2024-10-20 12:00:00', 'UTC') + 60 * number, 60, ['EURUSD'], [2], [2], [''], 'sla/1', '2024-10-21 00:00:00'
FROM numbers(10) AS n CROSS JOIN (SELECT arrayJoin(['pro', 'free']) AS tier) AS tiers;
INSERT INTO sla_slices (tier, objective, slice_start, slice_s, symbols, good, total, causes, formula, judged_at) VALUES
    ('pro', 'latency', '2024-10-20 12:00:00', 10, ['EURUSD'], [1000], [1000], [''], 'sla/1', '2024-10-21 00:00:00'),
    ('pro', 'completeness', '2024-10-01 12:00:00', 10, ['EURUSD'], [98], [100], [''], 'sla/1', '2024-10-21 00:00:00'),
    ('pro', 'completeness', '2024-10-20 12:00:00', 10, ['EURUSD'], [100], [100], [''], 'sla/1', '2024-10-21 00:00:00'),
    ('enterprise', 'completeness', '2024-10-01 12:00:00', 10, ['EURUSD'], [100], [100], [''], 'sla/1', '2024-10-21 00:00:00');
-- The last two minutes of the month, of a node that answered throughout. Tables of market data forget what is a year old; these two
-- shall not.
ALTER TABLE principal_bytes REMOVE TTL;
ALTER TABLE log_sizes REMOVE TTL;
INSERT INTO principal_bytes (minute, node, principal, bytes, covered_s) VALUES
    ('2024-10-31 23:58:00', 'a:1', '', 0, 60), ('2024-10-31 23:59:00', 'a:1', '', 0, 60),
    ('2024-10-31 23:58:00', 'a:1', 'acme', 2000000, 60), ('2024-10-31 23:58:00', 'a:1', 'globex', 3000000, 60);
INSERT INTO log_sizes (minute, node, topic, partition, bytes, offsets) VALUES ('2024-10-31 23:58:00', 'a:1', 'tier.pro', 0, 2000000, 1000);
INSERT INTO usage_ranges (tenant, consumer_group, read_topic, read_partition, kind, from_offset, to_offset, pass, committed_at, source_offset) VALUES
    ('acme', 'acme.desk', 'tier.pro', 0, 'CONSUMED', 0, 1000, 0, '2024-10-31 23:58:30', 1),
    ('globex', 'globex.desk', 'tier.pro', 0, 'CONSUMED', 0, 1000, 0, '2024-10-31 23:58:30', 2);

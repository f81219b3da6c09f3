-- September: acme came on the 16th, at 31 dollars a month: 15 of 30 days are 15.50. A credit of 2 was approved. Of a charge of one
-- dollar for three days the first is in September: 0.333334. Nobody consumed anything.
-- October: acme's whole price; globex is a subscriber too, at nothing. Of the credits by hand one is approved. The other two days
-- of the charge are 0.666666, c2 is 0.0031, and tells what was used, and one of the two days of a refund of 0.0001 is
-- -0.00005: 0.669716. acme consumed 12 and 5, of which 12 was 10 before it was computed again; globex only read again.
INSERT INTO ops_subscriptions_versions (tenant, from_date, to_date, tier, price_microusd, void, source, file, imported_at) VALUES
    ('acme', '2024-09-16', NULL, 'pro', 31000000, false, 'real', 'f', '2024-09-01 00:00:00'),
    ('globex', '2024-10-10', '2024-10-12', 'free', 0, false, 'real', 'f', '2024-09-01 00:00:00');
INSERT INTO credits (tenant, month, step, tier, fee_microusd, percent, amount_microusd, good, total, target_ppm, evidence, decided_by, note, at, formula) VALUES
    ('acme', '2024-09-01', 'PROPOSED', 'pro', 20000000, 10, 2000000, 998, 1000, 999000, '', 'tierfeed', '', '2024-10-04 00:00:00', 'sla/1'),
    ('acme', '2024-09-01', 'APPROVED', 'pro', 20000000, 10, 2000000, 998, 1000, 999000, '', 'ann', '', '2024-10-05 00:00:00', 'sla/1');
INSERT INTO ops_credits_versions (credit, tenant, month, amount_microusd, state, reason, void, source, file, imported_at) VALUES
    ('k1', 'acme', '2024-10-01', 1000000, 'approved', '', false, 'real', 'f', '2024-11-01 00:00:00'),
    ('k2', 'acme', '2024-10-01', 5000000, 'proposed', '', false, 'real', 'f', '2024-11-01 00:00:00');
INSERT INTO ops_cost_charges_versions (charge, charge_period_start, charge_period_end, effective_cost_microusd, tags, void, source, imported_at) VALUES
    ('c1', '2024-09-30', '2024-10-03', 1000000, {}, false, 'real', '2024-11-01 00:00:00'),
    ('c2', '2024-10-01', '2024-11-01', 3100, {'provisioned': '4', 'used': '3'}, false, 'real', '2024-11-01 00:00:00'),
    ('c3', '2024-10-31', '2024-11-02', -100, {'provisioned': '4'}, false, 'real', '2024-11-01 00:00:00'),
    ('c4', '2024-11-01', '2024-12-01', 777, {}, false, 'real', '2024-11-01 00:00:00');
INSERT INTO consumption_days (tenant, day, tier, symbol, ticks, replayed, version) VALUES
    ('acme', '2024-10-05', 'pro', 'EURUSD', 10, 0, 10), ('acme', '2024-10-05', 'pro', 'GBPUSD', 5, 0, 5),
    ('globex', '2024-10-11', 'free', 'EURUSD', 0, 3, 3), ('late', '2024-11-01', 'free', 'EURUSD', 9, 0, 9);
INSERT INTO consumption_days (tenant, day, tier, symbol, ticks, replayed, version) VALUES ('acme', '2024-10-05', 'pro', 'EURUSD', 12, 0, 12);

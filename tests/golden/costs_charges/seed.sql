-- a: all of November, corrected once. b ended before November began; c begins as it ends. d begins on December 1. e is void. f has the last day
-- of October and the first of November. g is of one day: it ends as it starts.
INSERT INTO ops_cost_charges_versions (charge, billing_period_start, charge_period_start, charge_period_end, provider_name, service_name, service_category, charge_category, resource_id, resource_name, billed_cost_microusd, effective_cost_microusd, tags, void, source, imported_at) VALUES
    ('a', '2026-11-01', '2026-11-01', '2026-12-01', 'AWS', 'EC2', 'Compute', 'Usage', 'i-1', 'one', 300000000, 290000000, {'broker': 'fxcm'}, false, 'real', '2026-12-01 00:00:00'),
    ('a', '2026-11-01', '2026-11-01', '2026-12-01', 'AWS', 'EC2', 'Compute', 'Usage', 'i-1', 'one', 310000000, 291000000, {'broker': 'fxcm'}, false, 'real', '2026-12-02 00:00:00'),
    ('b', '2026-10-01', '2026-10-01', '2026-11-01', '', '', '', '', '', '', 1, 1, {}, false, 'real', '2026-12-01 00:00:00'),
    ('c', '2026-11-01', '2026-12-01', '2026-12-01', '', '', '', '', '', '', 1, 1, {}, false, 'real', '2026-12-01 00:00:00'),
    ('d', '2026-12-01', '2026-12-01', '2027-01-01', '', '', '', '', '', '', 1, 1, {}, false, 'real', '2026-12-01 00:00:00'),
    ('e', '2026-11-01', '2026-11-01', '2026-12-01', '', '', '', '', '', '', 1, 1, {}, false, 'real', '2026-12-01 00:00:00'),
    ('e', '2026-11-01', '2026-11-01', '2026-12-01', '', '', '', '', '', '', 1, 1, {}, true, 'real', '2026-12-02 00:00:00'),
    ('f', '2026-11-01', '2026-10-31', '2026-11-02', '', 'x', '', 'Credit', '', '', -2, -3, {}, false, 'synthetic', '2026-12-01 00:00:00'),
    ('g', '2026-11-01', '2026-11-30', '2026-11-30', '', 'y', '', 'Purchase', '', '', 5, 6, {}, false, 'real', '2026-12-01 00:00:00');

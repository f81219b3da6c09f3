-- Revenue of the day as in brokers_consumed: acme 1900001, globex 990000, initech 500000; and vip 3000000, solo 200000, lost 100000.
-- pro has fxcm and ic_markets, N = 2, 99.5 % and 99.9 %. Of EURUSD's 1000 seconds both were there in 900, fxcm alone in 90, ic_markets alone in
-- 10; of GBPUSD's 1000 both always. For acme and initech together (the same tier, all symbols) fxcm was alone in 90 of 2000, 4.5 %: more
-- than 0.5 % may be missed; ic_markets in 10 of 2000, 0.5 %, and not more. Without either no second has two. Two there were in 90 % of EURUSD:
-- that already fails, for one symbol of two.
-- free has fxcm alone, N = 1, 95 % and 99 %: in 990 of EURUSD's 1000, so it is redundant enough with it (99 %), and nothing without.
-- multi has fxcm, ic_markets, other and copy, N = 2, 90 % and 99 %; copy passes on what other does. vip has bought GBPUSD alone, where fxcm and
-- ic_markets were always there, copy in 500, other never. Without fxcm ic_markets and copy are two in 500 of 1000: not in 99 %. Likewise
-- without ic_markets. Without copy two are left. other was not there. Nobody was alone.
-- solo has bought USDJPY of multi: other and copy were there, which are one feed: it is not redundant with all of them, and without either
-- one of one feed is left, too: it fails for each of the two that were there, and failed already; neither was alone in it.
-- plain promises nothing: lost has it, and is judged, and never at risk. nobody has revenue, but of a tier that no register knows: 50000, not judged.
-- elsewhere was there, but is in no tier.
INSERT INTO ops_subscriptions_versions (tenant, from_date, to_date, tier, price_microusd, void, source, imported_at) VALUES
    ('acme', '2025-01-01', NULL, 'pro', 62000031, false, 'real', '2025-01-01 00:00:00'),
    ('globex', '2025-01-01', NULL, 'free', 31000000, false, 'synthetic', '2025-01-01 00:00:00'),
    ('initech', '2025-01-01', NULL, 'pro', 15500000, false, 'real', '2025-01-01 00:00:00'),
    ('gone', '2025-01-01', '2025-10-15', 'pro', 31000000, false, 'real', '2025-01-01 00:00:00');
INSERT INTO ops_credits_versions (credit, tenant, month, amount_microusd, state, void, source, imported_at) VALUES
    ('c1', 'acme', '2025-10-01', 3100000, 'approved', false, 'real', '2025-11-01 00:00:00'),
    ('c2', 'acme', '2025-09-01', 3100000, 'approved', false, 'real', '2025-11-01 00:00:00'),
    ('c3', 'acme', '2025-10-01', 3100000, 'proposed', false, 'real', '2025-11-01 00:00:00');
INSERT INTO credits (tenant, month, step, amount_microusd, at) VALUES
    ('globex', '2025-10-01', 'PROPOSED', 310000, '2025-11-04 00:00:00'),
    ('globex', '2025-10-01', 'APPROVED', 310000, '2025-11-05 00:00:00');
INSERT INTO ops_subscriptions_versions (tenant, from_date, to_date, tier, price_microusd, void, source, imported_at) VALUES
    ('vip', '2025-01-01', NULL, 'multi', 93000000, false, 'real', '2025-01-01 00:00:00'),
    ('solo', '2025-01-01', NULL, 'multi', 6200000, false, 'real', '2025-01-01 00:00:00'),
    ('lost', '2025-01-01', NULL, 'plain', 3100000, false, 'real', '2025-01-01 00:00:00'),
    ('nobody', '2025-01-01', NULL, 'secret', 1550000, false, 'real', '2025-01-01 00:00:00');
INSERT INTO tier_versions (tier, valid_from, active, symbols, brokers, redundancy, completeness_percent, uptime_percent) VALUES
    ('pro', '2025-01-01 00:00:00', true, ['EURUSD', 'GBPUSD'], ['fxcm'], 1, 10, 10),
    ('pro', '2025-02-01 00:00:00', true, ['EURUSD', 'GBPUSD'], ['ic_markets', 'fxcm'], 2, 99.5, 99.9),
    ('pro', '2025-10-16 00:00:00', true, ['EURUSD', 'GBPUSD'], ['fxcm'], 1, 10, 10),
    ('free', '2025-11-01 00:00:00', true, ['EURUSD'], ['fxcm'], 1, 95, 99),
    ('free', '2025-12-01 00:00:00', true, ['EURUSD'], ['other'], 1, 95, 99),
    ('multi', '2025-01-01 00:00:00', true, [], ['fxcm', 'ic_markets', 'other', 'copy'], 2, 90, 99),
    ('plain', '2025-01-01 00:00:00', true, [], ['fxcm'], 3, NULL, NULL);
INSERT INTO tenant_versions (tenant, valid_from, active, tier, symbols) VALUES
    ('acme', '2025-01-01 00:00:00', true, 'pro', []),
    ('vip', '2025-01-01 00:00:00', true, 'multi', ['USDJPY']), ('vip', '2025-02-01 00:00:00', true, 'multi', ['GBPUSD']),
    ('solo', '2025-01-01 00:00:00', true, 'multi', ['USDJPY']);
INSERT INTO ops_broker_contracts_versions (broker, from_date, to_date, upstream, void, imported_at) VALUES
    ('copy', '2025-01-01', NULL, 'other', false, '2025-01-01 00:00:00'), ('fxcm', '2025-01-01', '2025-10-15', 'ic_markets', false, '2025-01-01 00:00:00');
INSERT INTO presence_days (symbol, day, sets, seconds, version) VALUES
    ('EURUSD', '2025-10-15', [['fxcm', 'ic_markets'], ['fxcm'], ['ic_markets']], [900, 90, 10], 3000),
    ('GBPUSD', '2025-10-15', [['copy', 'fxcm', 'ic_markets'], ['fxcm', 'ic_markets']], [500, 500], 3500),
    ('USDJPY', '2025-10-15', [['copy', 'elsewhere', 'other']], [1000], 4000),
    ('EURUSD', '2025-10-14', [['ic_markets']], [100000], 200000),
    ('EURUSD', '2025-10-16', [['ic_markets']], [100000], 200000);
INSERT INTO presence_days (symbol, day, sets, seconds, version) VALUES
    ('EURUSD', '2025-10-15', [['fxcm']], [1], 2);

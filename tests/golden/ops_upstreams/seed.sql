-- Asked of the 10th. raw: by a contract that goes on. retail: by one that ends after that day. ended: on it. later: begins
-- after it. own: resells nobody. made: generated. freed: corrected, its prices are its own. switched: by its second contract.
INSERT INTO ops_broker_contracts_versions (broker, from_date, to_date, fee_microusd, connections, redistribution_permitted, tiers, upstream, void, source, file, imported_at) VALUES
    ('raw', '2026-11-10', NULL, 1, 1, true, ['pro'], 'fxcm', false, 'real', 'a.csv', '2026-11-01 00:00:00'),
    ('retail', '2026-01-01', '2026-11-11', 1, 1, true, ['pro'], 'fxcm', false, 'real', 'a.csv', '2026-11-01 00:00:00'),
    ('ended', '2026-01-01', '2026-11-10', 1, 1, true, ['pro'], 'fxcm', false, 'real', 'a.csv', '2026-11-01 00:00:00'),
    ('later', '2026-11-11', NULL, 1, 1, true, ['pro'], 'fxcm', false, 'real', 'a.csv', '2026-11-01 00:00:00'),
    ('own', '2026-01-01', NULL, 1, 1, true, ['pro'], NULL, false, 'real', 'a.csv', '2026-11-01 00:00:00'),
    ('made', '2026-01-01', NULL, 1, 1, true, ['pro'], 'fxcm', false, 'synthetic', 'a.csv', '2026-11-01 00:00:00'),
    ('freed', '2026-01-01', NULL, 1, 1, true, ['pro'], 'fxcm', false, 'real', 'a.csv', '2026-11-01 00:00:00'),
    ('freed', '2026-01-01', NULL, 1, 1, true, ['pro'], NULL, false, 'real', 'b.csv', '2026-11-02 00:00:00'),
    ('switched', '2026-01-01', '2026-06-01', 1, 1, true, ['pro'], 'fxcm', false, 'real', 'a.csv', '2026-11-01 00:00:00'),
    ('switched', '2026-06-01', NULL, 1, 1, true, ['pro'], 'oanda', false, 'real', 'a.csv', '2026-11-01 00:00:00');

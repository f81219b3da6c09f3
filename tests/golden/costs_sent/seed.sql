-- acme: 60 + 40 from two nodes on the 2nd, of which the meter that saw more of its minute counts; it consumed of pro alone. globex consumed of
-- two tiers that day. hooli is a tenant that consumed nothing. tierfeed-sink is none, the empty principal says that a node was asked.
INSERT INTO principal_bytes (minute, node, principal, bytes, covered_s) VALUES
    ('2026-11-02 10:00:00', 'a:1', 'acme', 60, 60),
    ('2026-11-02 10:00:00', 'a:1', 'acme', 30, 30),
    ('2026-11-02 23:59:00', 'b:1', 'acme', 40, 60),
    ('2026-11-02 10:00:00', 'a:1', 'globex', 5, 60),
    ('2026-11-03 10:00:00', 'a:1', 'hooli', 6, 60),
    ('2026-11-03 10:00:00', 'a:1', 'acme', 0, 60),
    ('2026-11-02 10:00:00', 'a:1', 'tierfeed-sink', 1000, 60),
    ('2026-11-02 10:00:00', 'a:1', '', 0, 60),
    ('2026-12-01 00:00:00', 'a:1', 'acme', 9, 60);
INSERT INTO tenant_versions (tenant, valid_from, active, name, tier) VALUES ('hooli', '2026-10-01 00:00:00', true, 'Hooli', 'pro');
INSERT INTO consumption_days (tenant, day, tier, symbol, ticks, version) VALUES
    ('acme', '2026-11-02', 'pro', 'EURUSD', 1, 1),
    ('acme', '2026-11-02', 'pro', 'USDJPY', 1, 1),
    ('acme', '2026-11-02', 'free', 'EURUSD', 0, 0),
    ('globex', '2026-11-02', 'pro', 'EURUSD', 1, 1),
    ('globex', '2026-11-02', 'free', 'EURUSD', 1, 1);

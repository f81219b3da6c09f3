-- One upgrade won, of 20 a month, two lost; one is open, one was closed in November, and one that was won is no upgrade.
INSERT INTO ops_opportunities_versions (opportunity, tenant, kind, to_tier, amount_microusd, opened_on, closed_on, state, void, source, imported_at) VALUES
    ('o1', 'acme', 'upgrade', 'pro', 20, '2026-09-01', '2026-10-01', 'won', false, 'real', '2026-11-01 00:00:00'),
    ('o2', 'globex', 'upgrade', 'pro', 20, '2026-09-01', '2026-10-31', 'lost', false, 'real', '2026-11-01 00:00:00'),
    ('o3', 'hooli', 'upgrade', 'pro', 20, '2026-09-01', '2026-10-31', 'lost', false, 'real', '2026-11-01 00:00:00'),
    ('o4', 'long', 'upgrade', 'pro', 20, '2026-09-01', NULL, 'open', false, 'real', '2026-11-01 00:00:00'),
    ('o5', 'less', 'upgrade', 'pro', 20, '2026-09-01', '2026-11-01', 'won', false, 'real', '2026-11-01 00:00:00'),
    ('o6', 'more', 'new', 'pro', 20, '2026-09-01', '2026-10-02', 'won', false, 'real', '2026-11-01 00:00:00');

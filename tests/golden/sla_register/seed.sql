-- As of the end of October. gone came in September under a contract from the 15th on, bought pro, left on October 20 and is back
-- since November, with enterprise. Another tenant was there before it.
INSERT INTO tenant_versions (tenant, valid_from, active, name, tier, contract_from) VALUES
    ('acme', '2026-08-01 00:00:00', true, 'A', 'pro', NULL), ('acme', '2026-10-25 00:00:00', true, 'A', 'enterprise', NULL),
    ('gone', '2026-09-01 00:00:00', true, 'G', 'free', '2026-09-15'), ('gone', '2026-09-20 00:00:00', true, 'G', 'pro', NULL),
    ('gone', '2026-10-20 00:00:00', false, 'G', 'pro', NULL), ('gone', '2026-11-02 00:00:00', true, 'G', 'enterprise', NULL);

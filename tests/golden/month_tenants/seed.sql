-- All pay 31 a month, but initech, who left in September. acme's invoice is that. globex has a credit of 1, and an invoice without it.
-- hooli has no invoice. initech got one for nothing. long was invoiced for a quarter of 92 days: 31 of 92. less and more got another
-- amount. changed: half at 31 as pro, then at 62 as enterprise: 15 days are 15, 16 are 32.
INSERT INTO ops_subscriptions_versions (tenant, from_date, to_date, tier, price_microusd, void, source, file, imported_at) VALUES
    ('acme', '2024-09-01', NULL, 'pro', 31000000, false, 'real', 'f', '2024-09-01 00:00:00'),
    ('changed', '2024-09-01', '2024-10-16', 'pro', 31000000, false, 'real', 'f', '2024-09-01 00:00:00'),
    ('changed', '2024-10-16', NULL, 'enterprise', 62000000, false, 'real', 'f', '2024-09-01 00:00:00'),
    ('globex', '2024-09-01', NULL, 'pro', 31000000, false, 'real', 'f', '2024-09-01 00:00:00'),
    ('hooli', '2024-09-01', NULL, 'pro', 31000000, false, 'real', 'f', '2024-09-01 00:00:00'),
    ('initech', '2024-08-01', '2024-10-01', 'pro', 31000000, false, 'real', 'f', '2024-09-01 00:00:00'),
    ('less', '2024-09-01', NULL, 'pro', 31000000, false, 'real', 'f', '2024-09-01 00:00:00'),
    ('long', '2024-09-01', NULL, 'pro', 31000000, false, 'real', 'f', '2024-09-01 00:00:00'),
    ('more', '2024-09-01', NULL, 'pro', 31000000, false, 'real', 'f', '2024-09-01 00:00:00');
INSERT INTO ops_credits_versions (credit, tenant, month, amount_microusd, state, reason, void, source, file, imported_at) VALUES
    ('k1', 'globex', '2024-10-01', 1000000, 'invoiced', '', false, 'real', 'f', '2024-11-01 00:00:00');
INSERT INTO ops_invoices_versions (invoice, tenant, from_date, to_date, amount_microusd, void, source, imported_at) VALUES
    ('i1', 'acme', '2024-10-01', '2024-11-01', 31000000, false, 'real', '2024-11-01 00:00:00'),
    ('i2', 'globex', '2024-10-01', '2024-11-01', 31000000, false, 'real', '2024-11-01 00:00:00'),
    ('i3', 'initech', '2024-10-01', '2024-11-01', 5000000, false, 'real', '2024-11-01 00:00:00'),
    ('i4', 'long', '2024-10-01', '2025-01-01', 92000000, false, 'real', '2024-11-01 00:00:00'),
    ('i5', 'less', '2024-10-01', '2024-11-01', 30000000, false, 'real', '2024-11-01 00:00:00'),
    ('i6', 'more', '2024-10-01', '2024-11-01', 32000000, false, 'real', '2024-11-01 00:00:00'),
    ('i7', 'changed', '2024-10-01', '2024-11-01', 47000000, false, 'real', '2024-11-01 00:00:00'),
    ('i8', 'acme', '2024-11-01', '2024-12-01', 31000000, false, 'real', '2024-11-01 00:00:00');

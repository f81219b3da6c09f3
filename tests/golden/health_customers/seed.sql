-- On November 2. acme's contract began before the register knew of it, and ends; its subscription ends later, which does not count. globex
-- has changed its tier and symbols and has no end. initech has a subscription with an end alone. umbrella's runs on, though an earlier one has
-- ended. gone left at noon of the 1st; today came this morning; late comes tomorrow, and hooli's contract ended when the day began.
INSERT INTO tenant_versions (tenant, valid_from, active, name, tier, symbols, contract_from, contract_to) VALUES
    ('acme', '2026-10-25 08:00:00', true, 'A', 'pro', [], '2026-10-10', '2026-12-31'), ('globex', '2026-09-01 00:00:00', true, 'G', 'free', [], NULL, NULL),
    ('globex', '2026-10-30 00:00:00', true, 'G', 'pro', ['USDJPY', 'EURUSD'], NULL, NULL), ('gone', '2026-09-01 00:00:00', true, 'G', 'pro', [], NULL, NULL),
    ('gone', '2026-11-01 12:00:00', false, 'G', 'pro', [], NULL, NULL), ('today', '2026-11-02 08:00:00', true, 'T', 'pro', [], NULL, NULL),
    ('late', '2026-11-03 00:00:00', true, 'L', 'pro', [], NULL, NULL), ('hooli', '2026-09-01 00:00:00', true, 'H', 'pro', [], NULL, '2026-11-02');
INSERT INTO ops_subscriptions_versions (tenant, from_date, to_date, tier, price_microusd, void, source, imported_at) VALUES
    ('acme', '2026-10-10', '2027-03-01', 'pro', 49000000, false, 'real', '2026-10-10 00:00:00'),
    ('initech', '2026-01-01', '2027-01-01', 'enterprise', 499000000, false, 'real', '2026-01-01 00:00:00'),
    ('umbrella', '2026-01-01', '2026-10-20', 'free', 0, false, 'real', '2026-01-01 00:00:00'), ('umbrella', '2026-10-20', NULL, 'pro', 49000000, false, 'real', '2026-10-20 00:00:00');

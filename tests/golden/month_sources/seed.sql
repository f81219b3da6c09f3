-- Of two subscriptions one has ended with September; the other is synthetic, and goes on. The invoice is of September. The survey is
-- of the last moment of October, the opportunity was opened in September and is open, the charge spans the beginning of October.
-- The day of consumption is in November. 20698 is the first of September, 20728 the first of October, 20759 of November.
INSERT INTO ops_subscriptions_versions (tenant, from_date, to_date, tier, price_microusd, void, source, file, imported_at) VALUES
    ('acme', '2026-09-01', '2026-10-01', 'pro', 1, false, 'synthetic', 'f', '2026-09-01 00:00:00'),
    ('globex', '2026-10-31', NULL, 'pro', 1, false, 'synthetic', 'f', '2026-09-01 00:00:00');
INSERT INTO ops_invoices_versions (invoice, tenant, from_date, to_date, amount_microusd, void, source, imported_at) VALUES
    ('i', 'acme', '2026-09-01', '2026-10-01', 1, false, 'real', '2026-09-01 00:00:00');
INSERT INTO ops_surveys_versions (survey, tenant, kind, score, answered_at, void, source, imported_at) VALUES
    ('s', 'acme', 'NPS', 9, '2026-10-31 23:59:59.999999', false, 'synthetic', '2026-11-01 00:00:00');
INSERT INTO ops_opportunities_versions (opportunity, tenant, kind, to_tier, opened_on, closed_on, state, void, source, imported_at) VALUES
    ('o', 'acme', 'upgrade', 'pro', '2026-09-01', NULL, 'open', false, 'real', '2026-11-01 00:00:00');
INSERT INTO ops_cost_charges_versions (charge, charge_period_start, charge_period_end, effective_cost_microusd, void, source, imported_at) VALUES
    ('c', '2026-09-01', '2026-10-02', 1, false, 'real', '2026-11-01 00:00:00');
INSERT INTO consumption_days (tenant, day, tier, symbol, ticks, version) VALUES ('acme', '2026-11-01', 'pro', 'EURUSD', 1, 1);

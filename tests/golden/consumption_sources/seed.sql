-- The span is October 20 to November 10: of the months that it touches, October has costs, one row of three synthetic, and November has none.
-- Consumption of October 19 and November 10 lies outside.
INSERT INTO consumption_days (tenant, day, tier, symbol, ticks) VALUES
    ('acme', '2026-10-19', 'pro', 'EURUSD', 1), ('acme', '2026-10-20', 'pro', 'EURUSD', 1), ('acme', '2026-11-09', 'pro', 'EURUSD', 1), ('acme', '2026-11-10', 'pro', 'EURUSD', 1);
INSERT INTO tier_hours (tier, symbol, hour, records) VALUES ('pro', 'EURUSD', '2026-10-19 23:00:00', 1), ('pro', 'EURUSD', '2026-10-20 00:00:00', 1);
INSERT INTO cost_allocations (month, tenant, day, microusd, source) VALUES
    ('2026-10-01', 'acme', '2026-10-01', 1, 'real'), ('2026-10-01', 'acme', '2026-10-02', 1, 'real'), ('2026-10-01', 'acme', '2026-10-03', 1, 'synthetic'),
    ('2026-09-01', 'acme', '2026-09-01', 1, 'synthetic');
INSERT INTO ops_tickets_versions (ticket, tenant, opened_at, void, source, imported_at) VALUES
    ('t1', 'acme', '2026-01-01 00:00:00', false, 'synthetic', '2026-01-01 00:00:00'), ('t2', 'acme', '2026-01-01 00:00:00', false, 'real', '2026-01-01 00:00:00'),
    ('t3', 'acme', '2026-01-01 00:00:00', true, 'real', '2026-01-01 00:00:00');
INSERT INTO ops_credits_versions (credit, tenant, month, amount_microusd, state, void, source, imported_at) VALUES
    ('c1', 'acme', '2026-10-01', 1, 'approved', false, 'synthetic', '2026-10-01 00:00:00'), ('c2', 'acme', '2026-10-01', 1, 'proposed', false, 'real', '2026-10-01 00:00:00');
INSERT INTO access_decisions (time, tenant, principal) VALUES ('2026-01-01 00:00:00', 'acme', 'acme');

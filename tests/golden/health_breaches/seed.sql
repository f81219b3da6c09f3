-- acme has all of pro: an outage from the 2nd, 23:00, to the 3rd, 01:00, told twice, and on the 3rd another one of latency: two days, two breaches.
-- globex has fewer symbols, and its own breach, from before the span on and not over: three days. initech's tier kept its promises, but for
-- an alert, and a breach that was over before.
INSERT INTO tenant_versions (tenant, valid_from, active, name, tier, symbols) VALUES
    ('acme', '2026-10-01 00:00:00', true, 'A', 'pro', []), ('globex', '2026-10-01 00:00:00', true, 'G', 'pro', ['EURUSD']), ('initech', '2026-10-01 00:00:00', true, 'I', 'free', []);
INSERT INTO sla_events (identity, incident, kind, subject, tier, tenant, objective, began_time, time) VALUES
    ('a1', 'a', 'BREACH', 'pro', 'pro', NULL, 'uptime', '2026-11-02 23:00:00', '2026-11-02 23:00:10'), ('a1', 'a', 'BREACH', 'pro', 'pro', NULL, 'uptime', '2026-11-02 23:00:00', '2026-11-02 23:00:10'),
    ('a2', 'a', 'RECOVERY', 'pro', 'pro', NULL, 'uptime', '2026-11-02 23:00:00', '2026-11-03 01:00:00'), ('a3', 'a', 'RESOLVED', 'pro', 'pro', NULL, 'uptime', '2026-11-02 23:00:00', '2026-11-04 01:00:00'),
    ('b1', 'b', 'BREACH', 'pro', 'pro', NULL, 'latency', '2026-11-03 10:00:00', '2026-11-03 10:01:00'), ('b2', 'b', 'RECOVERY', 'pro', 'pro', NULL, 'latency', '2026-11-03 10:00:00', '2026-11-03 10:05:00'),
    ('c1', 'c', 'BREACH', 'globex', 'pro', 'globex', 'uptime', '2026-10-20 10:00:00', '2026-10-20 10:00:10'),
    ('d1', 'd', 'ALERT', 'free', 'free', NULL, 'uptime', '2026-11-03 10:00:00', '2026-11-03 10:00:10'),
    ('e1', 'e', 'BREACH', 'free', 'free', NULL, 'uptime', '2026-11-01 10:00:00', '2026-11-01 10:00:10'), ('e2', 'e', 'RECOVERY', 'free', 'free', NULL, 'uptime', '2026-11-01 10:00:00', '2026-11-01 10:05:00');

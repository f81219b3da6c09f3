-- acme: one of t1 and t2 is urgent; t3 was opened before, t4 was taken back. t1 was corrected: it is one.
INSERT INTO ops_tickets_versions (ticket, tenant, opened_at, severity, topic, void, imported_at) VALUES
    ('t1', 'acme', '2026-11-02 10:00:00', 'low', 'billing', false, '2026-11-02 10:00:00'), ('t1', 'acme', '2026-11-02 10:00:00', 'urgent', 'latency', false, '2026-11-03 10:00:00'),
    ('t2', 'acme', '2026-11-04 23:00:00', 'normal', 'history', false, '2026-11-05 10:00:00'), ('t3', 'acme', '2026-11-01 23:59:59', 'low', 'x', false, '2026-11-02 10:00:00'),
    ('t4', 'acme', '2026-11-03 10:00:00', 'low', 'x', false, '2026-11-03 10:00:00'), ('t4', 'acme', '2026-11-03 10:00:00', 'low', 'x', true, '2026-11-03 11:00:00'),
    ('t5', 'globex', '2026-11-05 00:00:00', 'low', 'x', false, '2026-11-05 10:00:00');

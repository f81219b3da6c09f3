-- acme asked for tier.pro three times in two minutes, one of them told twice; later ones, and our own parts', do not count.
INSERT INTO access_decisions (time, tenant, principal, operation, resource_type, resource, source, source_position) VALUES
('2026-11-01 10:00:01', 'acme', 'acme', 'DESCRIBE', 'Topic', 'tier.pro', 'kafka:1', 0),
('2026-11-01 10:00:02', 'acme', 'acme', 'DESCRIBE', 'Topic', 'tier.pro', 'kafka:1', 210),
('2026-11-01 10:00:02', 'acme', 'acme', 'DESCRIBE', 'Topic', 'tier.pro', 'kafka:1', 210),
('2026-11-01 10:05:00', 'acme', 'acme', 'DESCRIBE', 'Topic', 'tier.pro', 'kafka:2', 0),
('2026-11-01 11:00:00', 'acme', 'acme', 'HISTORY', 'History', 'free EURUSD', 'history:a', 0),
('2026-11-01 11:00:00', 'globex', 'globex', 'READ', 'Group', 'acme.desk', 'kafka:2', 210),
('2026-11-01 11:00:00', NULL, 'sinks', 'READ', 'Topic', 'tier.pro', 'kafka:2', 420),
('2026-11-02 00:00:00', 'acme', 'acme', 'DESCRIBE', 'Topic', 'tier.pro', 'kafka:2', 630);

-- Three rows of 40, 30 and 9; the correction is another. The digest is what ClickHouse makes of them: tests of closing see it change.
INSERT INTO cost_allocations (month, correction, line, tenant, day, charge, service, class, microusd) VALUES
    ('2026-10-01', 0, 'allocated', 'acme', '2026-10-01', 'c1', 'hosts', 'shared', 40),
    ('2026-10-01', 0, 'allocated', 'globex', '2026-10-01', 'c1', 'hosts', 'shared', 30),
    ('2026-10-01', 0, 'idle', '', '2026-10-01', 'c1', 'hosts', 'shared', 9),
    ('2026-10-01', 1, 'allocated', 'globex', '2026-10-01', 'c1', 'hosts', 'shared', 5),
    ('2026-09-01', 0, 'allocated', 'acme', '2026-09-01', 'c0', 'hosts', 'direct', 1000);

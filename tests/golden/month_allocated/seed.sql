-- Two tenants share 70 and, by a correction, 5 more; 20 of overhead; 9 are idle, of a shared charge; 1 nobody could be given.
INSERT INTO cost_allocations (month, correction, line, tenant, day, charge, service, class, microusd) VALUES
    ('2026-10-01', 0, 'allocated', 'acme', '2026-10-01', 'c1', 'hosts', 'shared', 40),
    ('2026-10-01', 0, 'allocated', 'globex', '2026-10-01', 'c1', 'hosts', 'shared', 30),
    ('2026-10-01', 1, 'allocated', 'globex', '2026-10-01', 'c1', 'hosts', 'shared', 5),
    ('2026-10-01', 0, 'allocated', 'acme', '2026-10-02', 'c2', 'audit', 'overhead', 20),
    ('2026-10-01', 0, 'idle', '', '2026-10-01', 'c1', 'hosts', 'shared', 9),
    ('2026-10-01', 0, 'unallocated', '', '2026-10-01', 'c3', 'gifts', 'direct', 1),
    ('2026-09-01', 0, 'allocated', 'acme', '2026-09-01', 'c0', 'hosts', 'direct', 1000);

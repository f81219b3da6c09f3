-- same: in another order, and a correction has moved it to where it is staged. money: acme has one more and globex one less. weight:
-- the weight alone. rule: another version. new and gone: in one of them only.
CREATE TABLE staged AS cost_allocations;
INSERT INTO cost_allocations (month, correction, line, tenant, tier, day, charge, service, class, rule, rule_version, method, weight, microusd, source) VALUES
    ('2026-11-01', 0, 'allocated', 'acme', 'pro', '2026-11-01', 'same', 's', 'direct', 'r', '1', 'even', 2, 10, 'real'),
    ('2026-11-01', 0, 'allocated', 'globex', 'pro', '2026-11-01', 'same', 's', 'direct', 'r', '1', 'even', 2, 20, 'real'),
    ('2026-11-01', 1, 'allocated', 'globex', 'pro', '2026-11-01', 'same', 's', 'direct', 'r', '1', 'even', -1, -5, 'real'),
    ('2026-11-01', 1, 'allocated', 'acme', 'pro', '2026-11-01', 'same', 's', 'direct', 'r', '1', 'even', 1, 5, 'real'),
    ('2026-11-01', 0, 'allocated', 'acme', 'pro', '2026-11-01', 'money', 's', 'direct', 'r', '1', 'even', 1, 10, 'real'),
    ('2026-11-01', 0, 'allocated', 'globex', 'pro', '2026-11-01', 'money', 's', 'direct', 'r', '1', 'even', 1, 10, 'real'),
    ('2026-11-01', 0, 'allocated', 'globex', 'pro', '2026-11-02', 'money', 's', 'direct', 'r', '1', 'even', 1, 77, 'real'),
    ('2026-11-01', 0, 'allocated', 'acme', 'pro', '2026-11-01', 'weight', 's', 'direct', 'r', '1', 'even', 1, 10, 'real'),
    ('2026-11-01', 0, 'allocated', 'acme', 'pro', '2026-11-01', 'rule', 's', 'direct', 'r', '1', 'even', 1, 10, 'real'),
    ('2026-11-01', 0, 'allocated', 'acme', 'pro', '2026-11-01', 'gone', 's', 'direct', 'r', '1', 'even', 1, 10, 'real'),
    ('2026-10-01', 0, 'allocated', 'acme', 'pro', '2026-10-01', 'october', 's', 'direct', 'r', '1', 'even', 1, 10, 'real');
INSERT INTO staged (month, correction, line, tenant, tier, day, charge, service, class, rule, rule_version, method, weight, microusd, source) VALUES
    ('2026-11-01', 0, 'allocated', 'globex', 'pro', '2026-11-01', 'same', 's', 'direct', 'r', '1', 'even', 1, 15, 'real'),
    ('2026-11-01', 0, 'allocated', 'acme', 'pro', '2026-11-01', 'same', 's', 'direct', 'r', '1', 'even', 3, 15, 'real'),
    ('2026-11-01', 0, 'allocated', 'acme', 'pro', '2026-11-01', 'money', 's', 'direct', 'r', '1', 'even', 1, 11, 'real'),
    ('2026-11-01', 0, 'allocated', 'globex', 'pro', '2026-11-01', 'money', 's', 'direct', 'r', '1', 'even', 1, 9, 'real'),
    ('2026-11-01', 0, 'allocated', 'globex', 'pro', '2026-11-02', 'money', 's', 'direct', 'r', '1', 'even', 1, 77, 'real'),
    ('2026-11-01', 0, 'allocated', 'acme', 'pro', '2026-11-01', 'weight', 's', 'direct', 'r', '1', 'even', 2, 10, 'real'),
    ('2026-11-01', 0, 'allocated', 'acme', 'pro', '2026-11-01', 'rule', 's', 'direct', 'r', '2', 'even', 1, 10, 'real'),
    ('2026-11-01', 0, 'allocated', 'acme', 'pro', '2026-11-01', 'new', 's', 'direct', 'r', '1', 'even', 1, 10, 'real');

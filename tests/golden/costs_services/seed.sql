INSERT INTO cost_allocations (month, correction, line, tenant, tier, broker, symbol, day, charge, service, class, rule, rule_version, method, weight, microusd, source) VALUES
    ('2026-11-01', 0, 'allocated', 'acme', 'pro', 'fxcm', 'EURUSD', '2026-11-01', 'a', 'feed', 'direct', 'brokers', '1', 'proportional(x)', 3, 300, 'real'),
    ('2026-11-01', 0, 'allocated', 'globex', 'pro', 'fxcm', 'EURUSD', '2026-11-02', 'a', 'feed', 'direct', 'brokers', '1', 'proportional(x)', 1, 100, 'real'),
    ('2026-11-01', 0, 'allocated', 'globex', 'free', 'fxcm', 'USDJPY', '2026-11-02', 'b', 'feed', 'direct', 'brokers', '1', 'proportional(x)', 1, 50, 'real'),
    ('2026-11-01', 0, 'allocated', 'acme', 'pro', '', '', '2026-11-02', 'c', 'Kafka', 'shared', 'kafka', '2', 'even', 1, 20, 'synthetic'),
    ('2026-11-01', 0, 'allocated', 'acme', 'pro', '', '', '2026-11-02', 'c', 'Kafka', 'idle', 'kafka', '2', 'even', 1, 5, 'synthetic'),
    ('2026-11-01', 0, 'allocated', 'initech', 'free', '', '', '2026-11-02', 'd', 'Support', 'overhead', 'rest', '1', 'proportional(y)', 1, 7, 'real'),
    ('2026-11-01', 0, 'allocated', 'hooli', 'free', '', '', '2026-11-02', 'd', 'Support', 'overhead', 'rest', '1', 'proportional(y)', 1, 8, 'real'),
    ('2026-11-01', 0, 'idle', '', '', '', '', '2026-11-01', 'c', 'Kafka', 'idle', 'kafka', '2', 'idle: 1 of 2 used', 0, 25, 'synthetic'),
    ('2026-11-01', 0, 'unallocated', '', '', '', '', '2026-11-01', 'e', 'feed', 'direct', 'brokers', '1', 'all weights are zero: x', 0, 40, 'real'),
    ('2026-11-01', 0, 'unallocated', '', '', '', '', '2026-11-02', 'e', 'feed', 'direct', 'brokers', '1', 'all weights are zero: x', 0, 41, 'real'),
    ('2026-11-01', 0, 'unallocated', '', 'gold', '', '', '2026-11-02', 'f', 'x', 'shared', '', '', 'no rule matches', 0, -90, 'real'),
    ('2026-12-01', 0, 'allocated', 'acme', 'pro', 'fxcm', 'EURUSD', '2026-12-01', 'a', 'feed', 'direct', 'brokers', '1', 'proportional(x)', 3, 999, 'real'),
    -- A correction gives acme 30 of globex' 100, and takes Support's other version back.
    ('2026-11-01', 1, 'allocated', 'acme', 'pro', 'fxcm', 'EURUSD', '2026-11-02', 'a', 'feed', 'direct', 'brokers', '1', 'proportional(x)', 1, 30, 'real'),
    ('2026-11-01', 1, 'allocated', 'globex', 'pro', 'fxcm', 'EURUSD', '2026-11-02', 'a', 'feed', 'direct', 'brokers', '1', 'proportional(x)', 0, -30, 'real'),
    ('2026-11-01', 1, 'allocated', 'acme', 'pro', '', '', '2026-11-02', 'd', 'Support', 'overhead', 'rest', '0', 'even', 0, 4, 'real'),
    ('2026-11-01', 2, 'allocated', 'acme', 'pro', '', '', '2026-11-02', 'd', 'Support', 'overhead', 'rest', '0', 'even', 0, -4, 'real');

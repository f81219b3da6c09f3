-- Asked: 2026-02-11 to 2026-03-03, 20 days: the last 18 of February (28 days), and 2 of March (31 days).
-- acme, the whole time: $28.00 in February is $1.00 a day, so $18; $31.00 from March on is $1.00 a day, so $2. In all 20,000,000.
-- globex, from 2026-02-27, ended 2026-03-02: $10.00. Of February the 27th and 28th: 10,000,000 - floor(10,000,000 × 26 / 28), which is
-- 10,000,000 - 9,285,714 = 714,286; of March the 1st: floor(10,000,000 / 31) = 322,580. In all 1,036,866.
-- libre pays nothing: no tenant with revenue. early had ended before. In all 21,036,866 of 2 tenants: 10,518,433 each.
INSERT INTO ops_subscriptions_versions VALUES
    ('acme', '2026-01-01', '2026-03-01', 'pro', 28000000, false, 'real', 'a.csv', '2026-01-01 00:00:00'),
    ('acme', '2026-03-01', '2026-04-01', 'pro', 31000000, false, 'real', 'a.csv', '2026-01-01 00:00:00'),
    ('globex', '2026-02-27', '2026-03-02', 'pro', 10000000, false, 'synthetic', 'a.csv', '2026-01-01 00:00:00'),
    ('libre', '2026-01-01', '2026-04-01', 'free', 0, false, 'real', 'a.csv', '2026-01-01 00:00:00'),
    ('early', '2026-01-01', '2026-02-11', 'pro', 99000000, false, 'real', 'a.csv', '2026-01-01 00:00:00');

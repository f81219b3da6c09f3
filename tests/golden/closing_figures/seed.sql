-- October: two figures, of which one was corrected. A second correction was begun, and is none. Another report, another month.
INSERT INTO closed_months (month, correction, closed_at, closed_by, note, rows_sum) VALUES
    ('2026-10-01', 0, '2026-11-04 10:00:00', 'ann', '', 'ab'), ('2026-10-01', 1, '2026-11-20 10:00:00', 'bob', '', 'cd');
INSERT INTO month_figures (month, correction, report, subject, metric, value, unit, n, status, reason, parts, formula, formula_version, computed_at) VALUES
    ('2026-10-01', 0, 'month', 'all', 'total_revenue_usd', '10.000000', 'usd', 3, 'ok', NULL, {'gross_usd': '11.000000'}, 'f', 'month/1', '2026-11-04 09:00:00'),
    ('2026-10-01', 1, 'month', 'all', 'total_revenue_usd', '9.000000', 'usd', 3, 'ok', NULL, {'gross_usd': '10.000000'}, 'f', 'month/1', '2026-11-20 09:00:00'),
    ('2026-10-01', 2, 'month', 'all', 'total_revenue_usd', '8.000000', 'usd', 3, 'ok', NULL, {}, 'f', 'month/1', '2026-11-21 09:00:00'),
    ('2026-10-01', 0, 'month', 'all', 'net_promoter_score', NULL, 'points', 0, 'no_source', 'none', {}, 'g', 'month/1', '2026-11-04 09:00:00'),
    ('2026-10-01', 0, 'costs', 'all', 'total', '1', 'usd', 3, 'ok', NULL, {}, 'f', 'costs/1', '2026-11-04 09:00:00'),
    ('2026-09-01', 0, 'month', 'all', 'total_revenue_usd', '1', 'usd', 3, 'ok', NULL, {}, 'f', 'month/1', '2026-11-04 09:00:00');

-- October was closed, told twice, and corrected once. September is not asked for.
INSERT INTO closed_months (month, correction, closed_at, closed_by, note, rows_sum) VALUES
    ('2026-10-01', 1, '2026-11-20 10:00:00', 'bob', 'late invoice', 'cd'), ('2026-09-01', 0, '2026-10-04 10:00:00', 'ann', '', 'ef'),
    ('2026-10-01', 0, '2026-11-04 10:00:00', 'ann', '', 'ab');
INSERT INTO closed_months (month, correction, closed_at, closed_by, note, rows_sum) VALUES ('2026-10-01', 0, '2026-11-04 10:00:00', 'ann', '', 'ab');

-- On November 20. acme owes two: due on the 4th, 16 days ago, and on October 1. One that was due on the 5th is 15 days late: not more. globex paid
-- on the 21st, so it still owed on the 20th; initech paid on the 20th. umbrella's was issued on the 21st.
INSERT INTO ops_invoices_versions (invoice, tenant, from_date, to_date, amount_microusd, issued_on, due_on, paid_on, void, imported_at) VALUES
    ('i1', 'acme', '2026-10-01', '2026-11-01', 49000000, '2026-10-01', '2026-11-04', NULL, false, '2026-10-01 00:00:00'),
    ('i2', 'acme', '2026-09-01', '2026-10-01', 10000000, '2026-09-01', '2026-10-01', NULL, false, '2026-09-01 00:00:00'),
    ('i3', 'acme', '2026-10-01', '2026-11-01', 99000000, '2026-10-01', '2026-11-05', NULL, false, '2026-10-01 00:00:00'),
    ('i4', 'globex', '2026-10-01', '2026-11-01', 7000000, '2026-10-01', '2026-11-01', '2026-11-21', false, '2026-10-01 00:00:00'),
    ('i5', 'initech', '2026-10-01', '2026-11-01', 99000000, '2026-10-01', '2026-11-01', '2026-11-20', false, '2026-10-01 00:00:00'),
    ('i6', 'umbrella', '2026-10-01', '2026-11-01', 99000000, '2026-11-21', '2026-11-01', NULL, false, '2026-11-21 00:00:00');

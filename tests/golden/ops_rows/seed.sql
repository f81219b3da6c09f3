-- i1: its amount was corrected. i2: taken back. i3: of somebody else. i4: as it came.
INSERT INTO ops_invoices_versions (invoice, tenant, from_date, to_date, amount_microusd, issued_on, due_on, paid_on, void, source, file, imported_at) VALUES
    ('i4', 'acme', '2026-02-01', '2026-03-01', 49000000, '2026-02-01', '2026-02-15', '2026-02-20', false, 'synthetic', 'b.csv', '2026-03-01 00:00:00'),
    ('i1', 'acme', '2026-01-01', '2026-02-01', 59000000, '2026-01-01', '2026-01-15', NULL, false, 'real', 'a.csv', '2026-02-01 00:00:00'),
    ('i1', 'acme', '2026-01-01', '2026-02-01', 49000000, '2026-01-01', '2026-01-15', NULL, false, 'real', 'b.csv', '2026-03-01 00:00:00'),
    ('i2', 'acme', '2026-01-01', '2026-02-01', 59000000, '2026-01-01', '2026-01-15', NULL, false, 'real', 'a.csv', '2026-02-01 00:00:00'),
    ('i2', 'acme', '2026-01-01', '2026-02-01', 59000000, '2026-01-01', '2026-01-15', NULL, true, 'real', 'b.csv', '2026-03-01 00:00:00'),
    ('i3', 'globex', '2026-01-01', '2026-02-01', 59000000, '2026-01-01', '2026-01-15', NULL, false, 'real', 'a.csv', '2026-02-01 00:00:00');

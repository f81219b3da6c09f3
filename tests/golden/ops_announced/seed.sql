-- m1: put an hour later. m2: taken back. m3: generated. m4: as it came, before m1.
INSERT INTO ops_maintenance_versions (maintenance, starts_at, ends_at, announced_at, what, void, source, file, imported_at) VALUES
    ('m1', '2026-11-10 20:00:00', '2026-11-10 21:00:00', '2026-11-01 12:00:00', 'moving', false, 'real', 'a.csv', '2026-11-01 13:00:00'),
    ('m1', '2026-11-10 21:00:00', '2026-11-10 22:00:00', '2026-11-02 12:00:00', 'moving later', false, 'real', 'b.csv', '2026-11-02 13:00:00'),
    ('m2', '2026-11-11 20:00:00', '2026-11-11 21:00:00', '2026-11-01 12:00:00', 'disks', false, 'real', 'a.csv', '2026-11-01 13:00:00'),
    ('m2', '2026-11-11 20:00:00', '2026-11-11 21:00:00', '2026-11-01 12:00:00', 'disks', true, 'real', 'b.csv', '2026-11-02 13:00:00'),
    ('m3', '2026-11-12 20:00:00', '2026-11-12 21:00:00', '2026-11-01 12:00:00', 'made up', false, 'synthetic', 'a.csv', '2026-11-01 13:00:00'),
    ('m4', '2026-11-04 20:00:00', '2026-11-04 21:00:00', '2026-10-30 12:00:00', 'network', false, 'real', 'a.csv', '2026-11-01 13:00:00');

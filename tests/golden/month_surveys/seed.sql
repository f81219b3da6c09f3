-- CSAT 5 and 4, and one of November. NPS 10, 9, 8, 6 and 0, two of them by acme: 2 promoters, 2 detractors.
INSERT INTO ops_surveys_versions (survey, tenant, kind, score, answered_at, void, source, imported_at) VALUES
    ('c1', 'acme', 'CSAT', 5, '2026-10-01 00:00:00', false, 'real', '2026-11-01 00:00:00'),
    ('c2', 'globex', 'CSAT', 4, '2026-10-31 23:59:59', false, 'real', '2026-11-01 00:00:00'),
    ('c3', 'globex', 'CSAT', 1, '2026-11-01 00:00:00', false, 'real', '2026-11-01 00:00:00'),
    ('n1', 'acme', 'NPS', 10, '2026-10-02 00:00:00', false, 'real', '2026-11-01 00:00:00'),
    ('n2', 'acme', 'NPS', 9, '2026-10-02 00:00:00', false, 'real', '2026-11-01 00:00:00'),
    ('n3', 'globex', 'NPS', 8, '2026-10-02 00:00:00', false, 'real', '2026-11-01 00:00:00'),
    ('n4', 'hooli', 'NPS', 6, '2026-10-02 00:00:00', false, 'real', '2026-11-01 00:00:00'),
    ('n5', 'long', 'NPS', 0, '2026-10-02 00:00:00', false, 'real', '2026-11-01 00:00:00');

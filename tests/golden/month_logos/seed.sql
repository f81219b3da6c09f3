-- Who pays on September 30: stay, left, last, down, less, more, back, end: 8. Of them left (on the 15th) and last (with the end of
-- September) are gone, down went to free. new came on the first. On October 31 pay stay, less, more, back, end and new: 6. less pays
-- 20 less, more 20 more. back did not pay for three days. short came and went. september had left before, small never paid.
INSERT INTO ops_subscriptions_versions (tenant, from_date, to_date, tier, price_microusd, void, source, file, imported_at) VALUES
    ('stay', '2026-09-01', NULL, 'pro', 10, false, 'real', 'f', '2026-09-01 00:00:00'),
    ('left', '2026-09-01', '2026-10-15', 'pro', 10, false, 'real', 'f', '2026-09-01 00:00:00'),
    ('last', '2026-08-01', '2026-10-01', 'pro', 10, false, 'real', 'f', '2026-09-01 00:00:00'),
    ('september', '2026-08-01', '2026-09-30', 'pro', 10, false, 'real', 'f', '2026-09-01 00:00:00'),
    ('down', '2026-09-01', '2026-10-20', 'pro', 10, false, 'real', 'f', '2026-09-01 00:00:00'),
    ('down', '2026-10-20', NULL, 'free', 0, false, 'real', 'f', '2026-09-01 00:00:00'),
    ('less', '2026-09-01', '2026-10-10', 'enterprise', 30, false, 'real', 'f', '2026-09-01 00:00:00'),
    ('less', '2026-10-10', NULL, 'pro', 10, false, 'real', 'f', '2026-09-01 00:00:00'),
    ('more', '2026-09-01', '2026-10-10', 'pro', 10, false, 'real', 'f', '2026-09-01 00:00:00'),
    ('more', '2026-10-10', NULL, 'enterprise', 30, false, 'real', 'f', '2026-09-01 00:00:00'),
    ('new', '2026-10-01', NULL, 'pro', 10, false, 'real', 'f', '2026-09-01 00:00:00'),
    ('back', '2026-09-01', '2026-10-05', 'pro', 10, false, 'real', 'f', '2026-09-01 00:00:00'),
    ('back', '2026-10-08', NULL, 'pro', 10, false, 'real', 'f', '2026-09-01 00:00:00'),
    ('short', '2026-10-05', '2026-10-25', 'pro', 10, false, 'real', 'f', '2026-09-01 00:00:00'),
    ('end', '2026-09-01', '2026-11-01', 'pro', 10, false, 'real', 'f', '2026-09-01 00:00:00'),
    ('small', '2026-09-01', NULL, 'free', 0, false, 'real', 'f', '2026-09-01 00:00:00'),
    ('later', '2026-11-01', NULL, 'pro', 10, false, 'real', 'f', '2026-09-01 00:00:00');

-- A breach with its end, told twice; one that goes on; an alert that ended before the span; another subject.
INSERT INTO sla_events (identity, incident, kind, subject, tier, objective, began_time, time, good, total, target_ppm, causes, window_s) VALUES
    ('pro/uptime/a/breach', 'pro/uptime/a', 'BREACH', 'pro', 'pro', 'uptime', '2026-11-26 10:00:00', '2026-11-26 10:00:10', 5, 6, 999000, 'mute', NULL),
    ('pro/uptime/a/recovery', 'pro/uptime/a', 'RECOVERY', 'pro', 'pro', 'uptime', '2026-11-26 10:00:00', '2026-11-26 10:01:20', 6, 8, 999000, 'mute;session_lost', NULL),
    ('pro/uptime/a/recovery', 'pro/uptime/a', 'RECOVERY', 'pro', 'pro', 'uptime', '2026-11-26 10:00:00', '2026-11-26 10:01:20', 6, 8, 999000, 'mute;session_lost', NULL),
    ('pro/latency/b/breach', 'pro/latency/b', 'BREACH', 'pro', 'pro', 'latency', '2026-11-26 10:00:30', '2026-11-26 10:01:30', 290, 300, 990000, '', NULL),
    ('pro/uptime/burn-1h/c/alert', 'pro/uptime/burn-1h/c', 'ALERT', 'pro', 'pro', 'uptime', '2026-11-26 08:00:00', '2026-11-26 08:00:00', 350, 360, 999000, '', 3600),
    ('pro/uptime/burn-1h/c/alert_end', 'pro/uptime/burn-1h/c', 'ALERT_END', 'pro', 'pro', 'uptime', '2026-11-26 08:00:00', '2026-11-26 08:10:00', 340, 360, 999000, '', 3600),
    ('free/uptime/d/breach', 'free/uptime/d', 'BREACH', 'free', 'free', 'uptime', '2026-11-26 10:00:00', '2026-11-26 10:00:10', 0, 1, 990000, 'mute', NULL);

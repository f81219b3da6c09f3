-- A breach with its end, told twice; one that goes on; an alert that ended before the span; another subject. The first breach has
-- a remedy, of whose steps two were told in one moment; of two slow feeds one is over, and one ended before the span.
INSERT INTO sla_events (identity, incident, kind, subject, tier, objective, began_time, time, good, total, target_ppm, causes, window_s) VALUES
    ('pro/uptime/a/breach', 'pro/uptime/a', 'BREACH', 'pro', 'pro', 'uptime', '2026-11-26 10:00:00', '2026-11-26 10:00:10', 5, 6, 999000, 'mute', NULL),
    ('pro/uptime/a/recovery', 'pro/uptime/a', 'RECOVERY', 'pro', 'pro', 'uptime', '2026-11-26 10:00:00', '2026-11-26 10:01:20', 6, 8, 999000, 'mute;session_lost', NULL),
    ('pro/uptime/a/recovery', 'pro/uptime/a', 'RECOVERY', 'pro', 'pro', 'uptime', '2026-11-26 10:00:00', '2026-11-26 10:01:20', 6, 8, 999000, 'mute;session_lost', NULL),
    ('pro/latency/b/breach', 'pro/latency/b', 'BREACH', 'pro', 'pro', 'latency', '2026-11-26 10:00:30', '2026-11-26 10:01:30', 290, 300, 990000, '', NULL),
    ('pro/uptime/burn-1h/c/alert', 'pro/uptime/burn-1h/c', 'ALERT', 'pro', 'pro', 'uptime', '2026-11-26 08:00:00', '2026-11-26 08:00:00', 350, 360, 999000, '', 3600),
    ('pro/uptime/burn-1h/c/alert_end', 'pro/uptime/burn-1h/c', 'ALERT_END', 'pro', 'pro', 'uptime', '2026-11-26 08:00:00', '2026-11-26 08:10:00', 340, 360, 999000, '', 3600),
    ('free/uptime/d/breach', 'free/uptime/d', 'BREACH', 'free', 'free', 'uptime', '2026-11-26 10:00:00', '2026-11-26 10:00:10', 0, 1, 990000, 'mute', NULL);
INSERT INTO sla_events (identity, incident, kind, subject, tier, objective, began_time, time, good, total, target_ppm, causes, window_s, told_time, symbol, action, command, detail) VALUES
    ('pro/uptime/a/acting', 'pro/uptime/a', 'ACTING', 'pro', 'pro', 'uptime', '2026-11-26 10:00:00', '2026-11-26 10:00:10', 5, 6, 999000, 'mute', NULL, '2026-11-26 10:00:14', NULL, 'ADMIT_BROKER', 'c', 'admit broker x'),
    ('pro/uptime/a/verifying', 'pro/uptime/a', 'VERIFYING', 'pro', 'pro', 'uptime', '2026-11-26 10:00:00', '2026-11-26 10:01:20', 5, 6, 999000, 'mute', NULL, '2026-11-26 10:01:24', NULL, 'ADMIT_BROKER', 'c', NULL),
    ('pro/uptime/a/resolved', 'pro/uptime/a', 'RESOLVED', 'pro', 'pro', 'uptime', '2026-11-26 10:00:00', '2026-11-26 10:01:30', 5, 6, 999000, 'mute', NULL, '2026-11-26 10:01:24', NULL, 'ADMIT_BROKER', 'c', 'uptime is kept again'),
    ('pro/latency/EURUSD/e/detected', 'pro/latency/EURUSD/e', 'DETECTED', 'pro', 'pro', 'latency', '2026-11-26 10:02:00', '2026-11-26 10:02:00', 0, 30, 0, 'slow_feed', NULL, '2026-11-26 10:02:05', 'EURUSD', 'SWITCH_LEAD', NULL, 'x is slow'),
    ('pro/latency/EURUSD/e/reverted', 'pro/latency/EURUSD/e', 'REVERTED', 'pro', 'pro', 'latency', '2026-11-26 10:02:00', '2026-11-26 10:03:10', 0, 30, 0, 'slow_feed', NULL, '2026-11-26 10:03:15', 'EURUSD', 'SWITCH_LEAD', 'd', 'no better'),
    ('pro/latency/EURUSD/f/escalated', 'pro/latency/EURUSD/f', 'ESCALATED', 'pro', 'pro', 'latency', '2026-11-26 09:00:00', '2026-11-26 09:00:00', 0, 30, 0, 'slow_feed', NULL, '2026-11-26 09:00:05', 'EURUSD', 'SWITCH_LEAD', NULL, 'nobody is better');

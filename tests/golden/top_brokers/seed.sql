-- alpha: 20 ticks within ten seconds, 100 before. beta only beats, last 12 s ago. gamma was last heard before the minute.
INSERT INTO quality_windows (broker, symbol, window_start, ticks, missing, quarantined, invalid, latency_p50_us, heartbeats) VALUES
    ('alpha', 'EURUSD', '2026-11-26 09:59:10', 100, 3, 1, 1, 2000, 1), ('alpha', 'EURUSD', '2026-11-26 09:59:50', 15, 0, 0, 0, 4000, 1),
    ('alpha', 'NZDUSD', '2026-11-26 09:59:55', 5, 0, 0, 0, NULL, 1), ('alpha', '', '2026-11-26 09:59:59', 0, 0, 0, 0, NULL, 1),
    ('beta', '', '2026-11-26 09:59:47', 0, 0, 0, 0, NULL, 1),
    ('gamma', 'EURUSD', '2026-11-26 09:58:59', 5, 0, 0, 0, NULL, 1), ('gamma', 'EURUSD', '2026-11-26 10:00:00', 5, 0, 0, 0, NULL, 1);

-- raw and retail are one feed: retail's clock is five hours ahead, it lacks one of the moments, and both are silent for a bit more
-- than a minute. venue shares one moment by chance. A tick that comes twice, and one without a time, count once and not at all.
INSERT INTO ticks (broker, symbol, event_time, bid, ask) VALUES
    ('raw', 'EURUSD', '2026-11-02 10:00:00.100', 1.1, 1.2), ('raw', 'EURUSD', '2026-11-02 10:00:00.100', 1.1, 1.2),
    ('raw', 'EURUSD', '2026-11-02 10:00:01.250', 1.1, 1.2), ('raw', 'EURUSD', '2026-11-02 10:01:10.000', 1.1, 1.2),
    ('raw', 'EURUSD', '2026-11-02 10:01:11.500', 1.1, 1.2),
    ('retail', 'EURUSD', '2026-11-02 15:00:00.100', 1.0, 1.3), ('retail', 'EURUSD', '2026-11-02 15:00:01.250', 1.0, 1.3),
    ('retail', 'EURUSD', '2026-11-02 15:01:10.050', 1.0, 1.3), ('retail', 'EURUSD', '2026-11-02 15:01:11.500', 1.0, 1.3),
    ('venue', 'EURUSD', '2026-11-02 10:00:01.250', 1.1, 1.2), ('venue', 'EURUSD', '2026-11-02 10:00:02.999', 1.1, 1.2),
    ('venue', 'EURUSD', '2026-11-02 10:00:04.001', 1.1, 1.2), ('venue', 'EURUSD', NULL, 1.1, 1.2);

-- fxcm: a = (410 + 400) / 1000 = 0.81, c = (41 + 40) / 100 = 0.81, t = 1, v = 1, k unknown: of weights 0.85 are known. The score is
-- 100 * (0.81^0.25 * 0.81^0.25)^(1 / 0.85) = 100 * 0.9^(1 / 0.85) = 88.3421. 1000 ticks took 2,500,000 us: 2.5 ms. GBPUSD was computed twice:
-- the computation that saw more counts.
-- ic_markets sends no time: a = 1, c = 0.49, v = 1 - 20 / 200 = 0.9, k = 1, of weights 0.80:
-- 100 * (0.49^0.25 * 0.9^0.15)^(1 / 0.80) = 100 * exp((-0.1783375 - 0.0158041) / 0.80) = 100 * exp(-0.2426769) = 78.4525. 4 of 200 were crossed.
-- mute: no second, so a = 0 counts as 0.01, and nothing else is known: 100 * 0.01 = 1. new: nobody can say. The days around do not count.
INSERT INTO broker_days (broker, symbol, day, scheduled_s, live_s, expected_s, observed_s, ticks, invalid, quarantined, crossed, timed, prompt, feed_us, compared_s, near_s, version) VALUES
    ('fxcm', 'EURUSD', '2025-10-15', 500, 410, 60, 41, 600, 0, 0, 0, 600, 600, 1500000, 0, 0, 1),
    ('fxcm', 'GBPUSD', '2025-10-15', 500, 100, 40, 1, 400, 0, 0, 0, 400, 400, 1000000, 0, 0, 1),
    ('fxcm', 'EURUSD', '2025-10-14', 500, 1, 60, 1, 600, 600, 0, 0, 600, 0, 9000000, 0, 0, 1),
    ('fxcm', 'EURUSD', '2025-10-16', 500, 1, 60, 1, 600, 600, 0, 0, 600, 0, 9000000, 0, 0, 1),
    ('ic_markets', 'EURUSD', '2025-10-15', 1000, 1000, 100, 49, 200, 10, 10, 4, 0, 0, 0, 100, 100, 1),
    ('mute', 'EURUSD', '2025-10-15', 1000, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1),
    ('new', 'EURUSD', '2025-10-15', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
INSERT INTO broker_days (broker, symbol, day, scheduled_s, live_s, expected_s, observed_s, ticks, invalid, quarantined, crossed, timed, prompt, feed_us, compared_s, near_s, version) VALUES
    ('fxcm', 'GBPUSD', '2025-10-15', 500, 400, 40, 40, 400, 0, 0, 0, 400, 400, 1000000, 0, 0, 2)

-- Question: how is each broker, just now?
-- Grain:    one row per broker that gave a sign of life in the minute
-- Params:   to DateTime64: the end of the minute, by the sessions' clock
--
-- ticks_per_s: of the last ten seconds. latency_p50_ms: the mean of the seconds' medians, clock offset included. silent_s and
-- quiet_s: since the last second with a sign of life, and with a tick.
WITH toUnixTimestamp({to:DateTime64(6, 'UTC')}) AS end, toUnixTimestamp(window_start) AS second
SELECT
    broker,
    round(sumIf(ticks, second >= end - 10) / 10, 1) AS ticks_per_s,
    round(avg(latency_p50_us) / 1000, 1) AS latency_p50_ms,
    sum(missing) AS missing,
    sum(quarantined + invalid) AS faulty,
    end - max(second) - 1 AS silent_s,
    if(countIf(ticks > 0) = 0, NULL, end - maxIf(second, ticks > 0) - 1) AS quiet_s
FROM quality_windows
WHERE window_start >= {to:DateTime64(6, 'UTC')} - INTERVAL 60 SECOND AND window_start < {to:DateTime64(6, 'UTC')}
GROUP BY broker
ORDER BY broker

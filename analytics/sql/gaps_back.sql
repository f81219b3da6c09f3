-- Question: when was a broker back after a silence that is suspected?
-- Grain:    one row per suspected gap of a lost session
-- Params:   none
--
-- back_second: the first one after the last sign of life before the gap with one again; NULL: not yet.
SELECT lost.gap AS gap, nullIf(toInt64(toUnixTimestamp(minIf(window_start, window_start > lost.from_time))), 0) AS back_second
FROM (SELECT gap, broker, from_time FROM gaps FINAL WHERE state = 'suspected' AND cause = 'session_lost') AS lost
LEFT JOIN
(
    SELECT broker, window_start
    FROM quality_windows
    WHERE broker IN (SELECT broker FROM gaps FINAL WHERE state = 'suspected' AND cause = 'session_lost')
        AND window_start > (SELECT min(from_time) FROM gaps FINAL WHERE state = 'suspected' AND cause = 'session_lost')
        AND (heartbeats > 0 OR ticks > backfilled)
    GROUP BY broker, window_start
) AS alive ON alive.broker = lost.broker
GROUP BY gap
ORDER BY gap

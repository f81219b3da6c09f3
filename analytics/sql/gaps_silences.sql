-- Question: when did a broker give no sign of life for too long, by what was stored in a span?
-- Grain:    one row per (broker, silence)
-- Params:   since DateTime64 exclusive, until DateTime64 inclusive: of stored_at; timeout_s UInt32
--
-- from_second: the last one with a sign of life; to_second: the first one with one again, NULL where there is none up to the newest
-- second that anybody gave one in. Whether it was planned is not known here. What was filled in afterwards is no sign of life.
WITH
    (
        SELECT min(window_start) - INTERVAL 15 MINUTE
        FROM quality_windows
        WHERE stored_at > {since:DateTime64(6, 'UTC')} AND stored_at <= {until:DateTime64(6, 'UTC')} AND (heartbeats > 0 OR ticks > backfilled)
    ) AS begin,
    alive AS
    (
        SELECT DISTINCT broker, toInt64(toUnixTimestamp(window_start)) AS second
        FROM quality_windows
        WHERE window_start >= begin AND (heartbeats > 0 OR ticks > backfilled)
    ),
    seconds AS
    (
        SELECT
            broker, second,
            leadInFrame(second, 1, 0) OVER (PARTITION BY broker ORDER BY second ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING) AS next,
            max(second) OVER () AS newest
        FROM alive
    )
SELECT toString(broker) AS broker, second AS from_second, nullIf(next, 0) AS to_second
FROM seconds
WHERE if(next = 0, newest, next) - second - 1 > {timeout_s:UInt32}
ORDER BY broker, from_second

-- Question: which lines did not tick for too long while another line of their broker did, by what was stored in a span?
-- Grain:    one row per (broker, line, silence)
-- Params:   since DateTime64 exclusive, until DateTime64 inclusive: of stored_at; timeout_s UInt32
--
-- from_second: the line's last one with a tick; to_second: its next one, NULL where there is none. In between the others ticked in
-- three seconds at least: every second of the broker in which the line did not tick is another's. Whether the line beat on, or had
-- ended, is not known here. What was filled in afterwards does not count.
WITH
    (
        SELECT min(received_time) - INTERVAL 15 MINUTE
        FROM ticks
        WHERE stored_at > {since:DateTime64(6, 'UTC')} AND stored_at <= {until:DateTime64(6, 'UTC')} AND bitAnd(flags, 4) = 0
    ) AS begin,
    ticked AS
    (
        SELECT DISTINCT broker, line, toInt64(toUnixTimestamp(received_time)) AS second
        FROM ticks
        WHERE received_time >= begin AND bitAnd(flags, 4) = 0
    ),
    ranked AS
    (
        SELECT
            broker, line, second,
            dense_rank() OVER (PARTITION BY broker ORDER BY second) AS place,
            max(second) OVER (PARTITION BY broker) AS newest
        FROM ticked
    ),
    silent AS
    (
        SELECT
            broker, line, second, place, newest,
            max(place) OVER (PARTITION BY broker) AS last_place,
            leadInFrame(second, 1, 0) OVER following AS next,
            leadInFrame(place, 1, 0) OVER following AS next_place
        FROM ranked
        WINDOW following AS (PARTITION BY broker, line ORDER BY second ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING)
    )
SELECT toString(broker) AS broker, toString(line) AS line, second AS from_second, nullIf(next, 0) AS to_second
FROM silent
WHERE if(next = 0, newest, next) - second - 1 > {timeout_s:UInt32}
    AND if(next = 0, last_place, next_place - 1) - place >= 3
ORDER BY broker, line, from_second

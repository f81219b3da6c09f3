-- Question: which lines did not tick for too long while another line of their broker did, by what was stored in a span?
-- Grain:    one row per (broker, line, silence)
-- Params:   since DateTime64 exclusive, until DateTime64 inclusive: of stored_at; timeout_s UInt32
--
-- from_second: the line's last one with a tick; to_second: its next one, NULL where there is none. In between the others ticked in
-- three seconds at least. Whether the line beat on, or had ended, is not known here. What was filled in afterwards does not count.
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
    silent AS
    (
        SELECT
            broker, line, second,
            leadInFrame(second, 1, 0) OVER (PARTITION BY broker, line ORDER BY second ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING) AS next
        FROM ticked
    )
SELECT toString(silent.broker) AS broker, toString(silent.line) AS line, silent.second AS from_second, nullIf(silent.next, 0) AS to_second
FROM silent
INNER JOIN ticked AS others ON others.broker = silent.broker
WHERE (silent.next = 0 OR silent.next - silent.second - 1 > {timeout_s:UInt32})
    AND others.line != silent.line AND others.second > silent.second AND (silent.next = 0 OR others.second < silent.next)
GROUP BY silent.broker, silent.line, silent.second, silent.next
HAVING uniqExact(others.second) >= 3 AND if(silent.next = 0, max(others.second), silent.next) - silent.second - 1 > {timeout_s:UInt32}
ORDER BY broker, line, from_second

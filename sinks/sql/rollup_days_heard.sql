-- Question: which days, of received time, have got windows, ticks or maintenance since a moment, and from which brokers are there
-- windows?
-- Grain:    one row per day with windows
-- Params:   windows_since, ticks_since: µs of stored_at; maintenance_since: of imported_at
--
-- A mid of a day's last minute may stand on the next day, too. Maintenance is excused up to so much of a month: what is announced
-- or withdrawn concerns all of its months' days.
WITH behind AS
(
    SELECT arrayJoin([toDate(window_start), toDate(window_start + INTERVAL 59 SECOND)]) AS day
    FROM quality_windows
    WHERE stored_at >= fromUnixTimestamp64Micro({{windows_since}}, 'UTC')
        AND window_start >= '1970-01-01' AND window_start < '2106-01-01' -- what a DateTime can hold
    UNION DISTINCT
    SELECT toDate(received_time)
    FROM ticks
    WHERE stored_at >= fromUnixTimestamp64Micro({{ticks_since}}, 'UTC')
        AND received_time >= '1970-01-01' AND received_time < '2106-01-01'
    UNION DISTINCT
    SELECT arrayJoin(arrayMap(
        n -> toStartOfMonth(starts_at) + n,
        range(dateDiff('day', toStartOfMonth(starts_at), toLastDayOfMonth(ends_at)) + 1)
    ))
    FROM ops_maintenance_versions
    WHERE source = 'real' AND maintenance IN
    (
        SELECT maintenance FROM ops_maintenance_versions
        WHERE imported_at >= fromUnixTimestamp64Micro({{maintenance_since}}, 'UTC')
    )
)
SELECT toString(toDate(window_start) AS day), arraySort(groupUniqArray(broker))
FROM quality_windows
WHERE window_start >= toDateTime64((SELECT min(day) FROM behind), 6, 'UTC')
    AND window_start < toDateTime64((SELECT max(day) FROM behind) + 1, 6, 'UTC')
    AND day IN (SELECT day FROM behind) AND symbol != ''
GROUP BY day
ORDER BY day

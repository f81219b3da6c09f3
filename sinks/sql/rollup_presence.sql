-- Question: in the seconds in which anybody ticked a symbol, which of its brokers were there together?
-- Grain:    one row per (symbol, day) with a tick: the rows of presence_days
-- Params:   day: its first moment
--
-- A broker is there in a second in which it ticked anything or beat, if it ticked the symbol on that day: source_coverage.sql counts by
-- the same. What was filled in afterwards, and what was no price, is no tick.
INSERT INTO presence_days (symbol, day, sets, seconds, version, computed_at)
WITH
    toDateTime64('{{day}}', 6, 'UTC') AS begin,
    begin + INTERVAL 1 DAY AS following,
    ticked AS
    (
        SELECT DISTINCT symbol, broker, window_start AS second
        FROM quality_windows
        WHERE window_start >= begin AND window_start < following
            AND symbol != '' AND ticks > backfilled + invalid
    ),
    alive AS
    (
        SELECT window_start AS second, groupUniqArray(broker) AS who
        FROM quality_windows
        WHERE window_start >= begin AND window_start < following
            AND (heartbeats > 0 OR ticks > backfilled)
        GROUP BY second
    ),
    quoting AS
    (
        SELECT symbol, toDate(second) AS day, groupUniqArray(broker) AS who FROM ticked GROUP BY symbol, day
    ),
    counted AS
    (
        SELECT
            active.symbol AS symbol,
            toDate(active.second) AS day,
            arraySort(arrayIntersect(alive.who, quoting.who)) AS brokers,
            count() AS n
        FROM (SELECT DISTINCT symbol, second FROM ticked) AS active
        INNER JOIN alive ON alive.second = active.second
        INNER JOIN quoting ON quoting.symbol = active.symbol AND quoting.day = toDate(active.second)
        GROUP BY symbol, day, brokers
    )
SELECT
    toString(symbol) AS symbol,
    day,
    arrayMap(pair -> pair.1, arraySort(groupArray((brokers, n)))) AS sets,
    arrayMap(pair -> toUInt32(pair.2), arraySort(groupArray((brokers, n)))) AS seconds,
    sum(n * (1 + length(brokers))) AS version,
    now64(6, 'UTC')
FROM counted
GROUP BY symbol, day

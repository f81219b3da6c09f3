-- Question: of the seconds in which another broker ticked a symbol, in how many was this one there?
-- Grain:    one row per (broker, symbol) that ticked in the span
-- Params:   from DateTime64 inclusive, to DateTime64 exclusive: the sessions' clock, whole seconds
--
-- expected: seconds in which at least one other broker ticked the symbol. observed: of those, seconds with a tick of this one, or
-- with a heartbeat of it: its quote stood unchanged. history: of those, seconds too in which a tick has its event_time that was
-- filled in since, whenever that was. An estimate, for nobody but the broker knows what it did not send; NULL where
-- there is no other broker to go by.
WITH
    ticked AS
    (
        SELECT DISTINCT symbol, broker, window_start AS second
        FROM quality_windows
        WHERE window_start >= {from:DateTime64(6, 'UTC')} AND window_start < {to:DateTime64(6, 'UTC')}
            AND symbol != '' AND ticks > backfilled + invalid
    ),
    alive AS
    (
        SELECT DISTINCT broker, window_start AS second
        FROM quality_windows
        WHERE window_start >= {from:DateTime64(6, 'UTC')} AND window_start < {to:DateTime64(6, 'UTC')}
            AND (heartbeats > 0 OR ticks > backfilled)
    ),
    filled AS
    (
        SELECT DISTINCT broker, symbol, toDateTime64(toStartOfSecond(assumeNotNull(event_time)), 6, 'UTC') AS second
        FROM ticks
        WHERE received_time >= {from:DateTime64(6, 'UTC')} AND bitAnd(flags, 4) = 4 AND event_time IS NOT NULL
    ),
    pairs AS
    (
        SELECT broker, symbol FROM ticked GROUP BY broker, symbol
    ),
    -- In how many brokers' windows a second is: one that has it alone is not expected of itself.
    active AS
    (
        SELECT symbol, second, groupArray(broker) AS who FROM ticked GROUP BY symbol, second
    ),
    expected AS
    (
        SELECT pairs.broker AS broker, pairs.symbol AS symbol, active.second AS second
        FROM pairs
        INNER JOIN active ON active.symbol = pairs.symbol
        WHERE length(arrayFilter(other -> other != pairs.broker, active.who)) > 0
    ),
    counted AS
    (
        SELECT
            expected.broker AS broker,
            expected.symbol AS symbol,
            count() AS expected,
            countIf((expected.broker, expected.second) IN (SELECT broker, second FROM alive)) AS observed,
            countIf(
                (expected.broker, expected.second) IN (SELECT broker, second FROM alive)
                OR (expected.broker, expected.symbol, expected.second) IN (SELECT broker, symbol, second FROM filled)
            ) AS history
        FROM expected
        GROUP BY broker, symbol
    )
SELECT
    toString(pairs.broker) AS broker,
    toString(pairs.symbol) AS symbol,
    counted.expected AS expected,
    counted.observed AS observed,
    counted.history AS history,
    if(counted.expected = 0, NULL, round(100 * counted.observed / counted.expected, 4)) AS source_percent,
    if(counted.expected = 0, NULL, round(100 * counted.history / counted.expected, 4)) AS history_percent
FROM pairs
LEFT JOIN counted ON counted.broker = pairs.broker AND counted.symbol = pairs.symbol
ORDER BY broker, symbol

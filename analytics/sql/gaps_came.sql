-- Question: how much of what is missing has come meanwhile?
-- Grain:    one row per gap without an end in which ticks were lost
-- Params:   none
--
-- present: of its missing sequences, those that are stored, late or filled in; NULL where they are not known. filled_in: ticks that
-- were filled in on its line, of its symbol, since its broker was asked; unnumbered: of those, the ones whose sequences the broker's
-- history does not tell. A broker is asked for one span at a time, so what is filled in meanwhile is of that span. Two seconds: the
-- clocks of whoever asked and of the Kafka cluster need not agree. What had come an hour before a gap was found was seen then.
WITH
    open AS
    (
        SELECT gap, broker, line, session, symbol, first_sequence, last_sequence, cause, from_time, asked_at, found_at
        FROM gaps FINAL
        WHERE state IN ('suspected', 'confirmed', 'filling') AND cause != 'line_lost'
    ),
    missing AS
    (
        SELECT
            gap, broker, line,
            assumeNotNull(session) AS session,
            toString(assumeNotNull(symbol)) AS symbol,
            arrayJoin(range(assumeNotNull(first_sequence), assumeNotNull(last_sequence) + 1)) AS sequence
        FROM open
        WHERE cause = 'missing'
    ),
    present AS
    (
        SELECT missing.gap AS gap, uniqExact(ticks.sequence) AS came
        FROM ticks
        INNER JOIN missing ON ticks.broker = missing.broker AND ticks.line = missing.line AND ticks.session = missing.session
            AND ticks.symbol = missing.symbol AND ticks.sequence = missing.sequence
        WHERE (ticks.symbol, ticks.broker) IN (SELECT symbol, broker FROM missing)
            AND ticks.received_time >= (SELECT min(from_time) FROM open)
            AND ticks.stored_at >= (SELECT min(found_at) - INTERVAL 1 HOUR FROM open)
        GROUP BY gap
    ),
    filled AS
    (
        SELECT
            open.gap AS gap,
            count() AS filled_in,
            countIf(ticks.session < 0) AS unnumbered
        FROM ticks
        INNER JOIN open ON ticks.broker = open.broker AND ticks.line = open.line
        WHERE bitAnd(ticks.flags, 4) = 4
            AND ticks.stored_at >= (SELECT min(asked_at) - INTERVAL 1 HOUR FROM open)
            AND ticks.append_time >= open.asked_at - INTERVAL 2 SECOND
            AND (open.symbol IS NULL OR open.symbol = ticks.symbol)
        GROUP BY gap
    )
SELECT
    open.gap AS gap,
    if(open.cause = 'missing', present.came, NULL) AS present,
    filled.filled_in AS filled_in,
    filled.unnumbered AS unnumbered
FROM open
LEFT JOIN present ON present.gap = open.gap
LEFT JOIN filled ON filled.gap = open.gap
ORDER BY gap

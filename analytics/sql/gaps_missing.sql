-- Question: which sequences did not come, by what was stored in a span?
-- Grain:    one row per run of sequences that no stored tick has
-- Params:   since DateTime64 exclusive, until DateTime64 inclusive: of stored_at
--
-- Exact: neighbours by sequence within one (broker, line, session, symbol), among what was stored in the span and what was received
-- within 15 minutes of it; of a symbol that was quiet for longer, its tick before. A line's ticks of one symbol are stored in the
-- order of their sequences, so what is missing between two stored ones was lost, or comes late. What was filled in does not count:
-- it would hide that anything was lost. What is missing before a session's first stored tick cannot be seen.
-- from_time, to_time: when the ticks before and after were received, the earlier one first.
WITH
    fresh AS
    (
        SELECT
            broker, symbol, line, session,
            min(sequence) AS lowest,
            min(received_time) AS first_received,
            max(received_time) AS last_received
        FROM ticks
        WHERE stored_at > {since:DateTime64(6, 'UTC')} AND stored_at <= {until:DateTime64(6, 'UTC')} AND bitAnd(flags, 4) = 0
        GROUP BY broker, symbol, line, session
    ),
    edges AS
    (
        SELECT min(first_received) - INTERVAL 15 MINUTE AS begin, max(last_received) + INTERVAL 15 MINUTE AS end FROM fresh
    ),
    near AS
    (
        SELECT broker, symbol, line, session, sequence, min(received_time) AS received
        FROM ticks
        INNER JOIN fresh USING (broker, symbol, line, session)
        WHERE ticks.received_time >= (SELECT begin FROM edges) AND ticks.received_time <= (SELECT end FROM edges)
            AND ticks.received_time >= fresh.first_received - INTERVAL 15 MINUTE
            AND ticks.received_time <= fresh.last_received + INTERVAL 15 MINUTE
            AND bitAnd(flags, 4) = 0
        GROUP BY broker, symbol, line, session, sequence
    ),
    busy AS
    (
        SELECT broker, symbol, line, session
        FROM ticks
        INNER JOIN fresh USING (broker, symbol, line, session)
        WHERE ticks.received_time >= (SELECT begin FROM edges) AND ticks.received_time <= (SELECT end FROM edges)
            AND ticks.received_time >= fresh.first_received - INTERVAL 15 MINUTE
            AND ticks.received_time < fresh.first_received
        GROUP BY broker, symbol, line, session
    ),
    quiet AS
    (
        SELECT broker, symbol, line, session, lowest, first_received
        FROM fresh
        WHERE lowest > 1 AND (broker, symbol, line, session) NOT IN (SELECT broker, symbol, line, session FROM busy)
    ),
    prior AS
    (
        SELECT broker, symbol, line, session, max(sequence) AS before, argMax(received_time, sequence) AS received
        FROM ticks
        INNER JOIN quiet USING (broker, symbol, line, session)
        WHERE (symbol, broker) IN (SELECT symbol, broker FROM quiet)
            AND ticks.sequence < quiet.lowest AND ticks.received_time < quiet.first_received AND bitAnd(flags, 4) = 0
        GROUP BY broker, symbol, line, session
    ),
    series AS
    (
        SELECT broker, symbol, line, session, arraySort(groupArray((sequence, received))) AS known
        FROM
        (
            SELECT broker, symbol, line, session, sequence, received FROM near
            UNION ALL
            SELECT broker, symbol, line, session, before, received FROM prior
        )
        GROUP BY broker, symbol, line, session
        HAVING max(sequence) - min(sequence) + 1 > count()
    ),
    holes AS
    (
        SELECT
            broker, symbol, line, session,
            arrayJoin(arrayFilter(pair -> pair.2.1 - pair.1.1 > 1, arrayZip(arrayPopBack(known), arrayPopFront(known)))) AS hole
        FROM series
    )
SELECT
    toString(broker) AS broker,
    toString(line) AS line,
    session,
    toString(symbol) AS symbol,
    hole.1.1 + 1 AS first_sequence,
    hole.2.1 - 1 AS last_sequence,
    least(hole.1.2, hole.2.2) AS from_time,
    greatest(hole.1.2, hole.2.2) AS to_time
FROM holes
ORDER BY broker, line, session, symbol, first_sequence

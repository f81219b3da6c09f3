-- Question: how much of what each broker sent came, and how much is there now that gaps have been filled in?
-- Grain:    one row per (broker, symbol) that ticked in the span
-- Params:   from DateTime64 inclusive, to DateTime64 exclusive: the sessions' clock, whole seconds
--
-- completeness_live: distinct sequences of ticks that came, late ones too, / (highest - lowest + 1), per line and session, summed up.
-- completeness_history: of the same sequences, those filled in as well, whenever that was. What a session lost before its first and
-- behind its last tick of the span has no sequence that tells of it: it is a gap, and counts in source_coverage.sql.
WITH
    series AS
    (
        SELECT broker, symbol, line, session, min(sequence) AS lowest, max(sequence) AS highest, uniqExact(sequence) AS came
        FROM ticks
        WHERE received_time >= {from:DateTime64(6, 'UTC')} AND received_time < {to:DateTime64(6, 'UTC')} AND bitAnd(flags, 4) = 0
        GROUP BY broker, symbol, line, session
    ),
    filled AS
    (
        SELECT broker, symbol, line, session, sequence
        FROM ticks
        WHERE received_time >= {from:DateTime64(6, 'UTC')} AND bitAnd(flags, 4) = 4
    ),
    held AS
    (
        SELECT series.broker AS broker, series.symbol AS symbol, series.line AS line, series.session AS session,
            uniqExact(filled.sequence) AS added
        FROM filled
        INNER JOIN series USING (broker, symbol, line, session)
        WHERE filled.sequence > series.lowest AND filled.sequence < series.highest
            AND (filled.broker, filled.symbol, filled.line, filled.session, filled.sequence) NOT IN (
                SELECT broker, symbol, line, session, sequence
                FROM ticks
                WHERE received_time >= {from:DateTime64(6, 'UTC')} AND received_time < {to:DateTime64(6, 'UTC')}
                    AND bitAnd(flags, 4) = 0
            )
        GROUP BY broker, symbol, line, session
    ),
    transport AS
    (
        SELECT
            series.broker AS broker,
            series.symbol AS symbol,
            sum(series.highest - series.lowest + 1) AS sent,
            sum(series.came) AS came,
            sum(series.came + held.added) AS held
        FROM series
        LEFT JOIN held USING (broker, symbol, line, session)
        GROUP BY broker, symbol
    )
SELECT
    toString(transport.broker) AS broker,
    toString(transport.symbol) AS symbol,
    transport.sent AS sent,
    transport.came AS came,
    transport.held AS held,
    round(100 * transport.came / transport.sent, 4) AS completeness_live_percent,
    round(100 * transport.held / transport.sent, 4) AS completeness_history_percent
FROM transport
ORDER BY broker, symbol

-- Question: how much of what each broker sent came, and how much is there now that gaps have been filled in?
-- Grain:    one row per (broker, symbol) that ticked in the span
-- Params:   from DateTime64 inclusive, to DateTime64 exclusive: the sessions' clock, whole seconds
--
-- completeness_live: distinct sequences of ticks that came, late ones too, / (highest - lowest + 1), per line and session, summed up.
-- completeness_history: of the same sequences, those filled in as well, whenever that was. What a session lost before its first and
-- behind its last tick of the span has no sequence that tells of it: it is a gap, and counts in source.
-- source_live: of the seconds in which another broker ticked the symbol, those in which this one ticked or beat; see
-- source_coverage.sql. source_history: a second counts, too, if a tick whose event_time is in it was filled in. NULL: no other broker.
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
        SELECT broker, symbol, line, session, sequence, event_time
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
    ),
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
    active AS
    (
        SELECT symbol, second, groupArray(broker) AS who FROM ticked GROUP BY symbol, second
    ),
    expected AS
    (
        SELECT transport.broker AS broker, transport.symbol AS symbol, active.second AS second
        FROM transport
        INNER JOIN active ON active.symbol = transport.symbol
        WHERE length(arrayFilter(other -> other != transport.broker, active.who)) > 0
    ),
    source AS
    (
        SELECT
            broker,
            symbol,
            count() AS seconds,
            countIf((broker, second) IN (SELECT broker, second FROM alive)) AS live,
            countIf((broker, second) IN (SELECT broker, second FROM alive) OR (broker, symbol, second) IN (
                SELECT broker, symbol, toDateTime64(toStartOfSecond(assumeNotNull(event_time)), 6, 'UTC')
                FROM filled
                WHERE event_time IS NOT NULL
            )) AS history
        FROM expected
        GROUP BY broker, symbol
    )
SELECT
    toString(transport.broker) AS broker,
    toString(transport.symbol) AS symbol,
    transport.sent AS sent,
    transport.came AS came,
    transport.held AS held,
    round(100 * transport.came / transport.sent, 4) AS completeness_live_percent,
    round(100 * transport.held / transport.sent, 4) AS completeness_history_percent,
    source.seconds AS source_expected,
    source.live AS source_live,
    source.history AS source_history,
    if(source.seconds = 0, NULL, round(100 * source.live / source.seconds, 4)) AS source_live_percent,
    if(source.seconds = 0, NULL, round(100 * source.history / source.seconds, 4)) AS source_history_percent
FROM transport
LEFT JOIN source ON source.broker = transport.broker AND source.symbol = transport.symbol
ORDER BY broker, symbol

-- Question: which gaps have no end yet, and which began in a span?
-- Grain:    one row per gap, its newest state
-- Params:   from DateTime64 inclusive, to DateTime64 inclusive: of from_time, the sessions' clock
SELECT
    gap, toString(broker) AS broker, toString(line) AS line, session, toString(symbol) AS symbol, from_time, to_time,
    first_sequence, last_sequence, toString(cause) AS cause, toString(state) AS state, expected, filled, command, asked_at,
    reason, found_at, changed_at
FROM gaps FINAL
WHERE state IN ('suspected', 'confirmed', 'filling')
    OR (from_time >= {from:DateTime64(6, 'UTC')} AND from_time <= {to:DateTime64(6, 'UTC')})
ORDER BY from_time, gap

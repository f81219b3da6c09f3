-- Question: which gaps were there, and what became of them?
-- Grain:    one row per gap that reaches into the span
-- Params:   broker String, state String: empty for all; from DateTime64 inclusive, to DateTime64 exclusive: the sessions' clock
--
-- missing: how many ticks were lost, filled: how many of them came late or were filled in; NULL where it is not known.
SELECT
    gap, toString(broker) AS broker, toString(line) AS line, session, toString(symbol) AS symbol, toString(cause) AS cause,
    toString(state) AS state, from_time, to_time, first_sequence, last_sequence, expected AS missing, filled, command, reason,
    found_at, changed_at
FROM gaps FINAL
WHERE ({broker:String} = '' OR broker = {broker:String}) AND ({state:String} = '' OR toString(state) = {state:String})
    AND from_time < {to:DateTime64(6, 'UTC')} AND (to_time IS NULL OR to_time >= {from:DateTime64(6, 'UTC')})
ORDER BY from_time, gap

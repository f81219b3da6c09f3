-- Question: how far are the gaps of some brokers that touch a span and in which ticks were lost?
-- Grain:    one row per state that any of them has
-- Params:   brokers Array(String), from DateTime64 inclusive, to DateTime64 exclusive: the sessions' clock
SELECT state, count() AS gaps
FROM gaps FINAL
WHERE broker IN {brokers:Array(String)} AND cause != 'line_lost'
    AND from_time < {to:DateTime64(6, 'UTC')} AND ifNull(to_time, {to:DateTime64(6, 'UTC')}) >= {from:DateTime64(6, 'UTC')}
GROUP BY state
ORDER BY state

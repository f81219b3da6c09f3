-- Question: how many stored ticks are not in the one-minute bars yet?
-- Grain:    one row
-- Params:   none
SELECT (SELECT count() FROM ticks) - (SELECT sum(rows) FROM bars_1m FINAL) AS ticks

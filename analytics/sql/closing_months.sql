-- Question: which months are closed, when and by whom, and what was corrected since?
-- Grain:    one row per closing and per correction, in order
-- Params:   from Date inclusive, to Date exclusive: months
SELECT month, correction, closed_at, closed_by, note, rows_sum
FROM closed_months FINAL
WHERE month >= {from:Date} AND month < {to:Date}
ORDER BY month, correction

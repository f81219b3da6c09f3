-- Question: is a month closed, and how many corrections has it?
-- Grain:    one row, or none of a month that is open
-- Params:   from Date: the month
SELECT min(closed_at) AS closed_at, max(correction) AS corrections
FROM closed_months FINAL
WHERE month = {from:Date}
GROUP BY month

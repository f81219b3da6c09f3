-- Question: what came of the opportunities of upgrade that were closed in a span?
-- Grain:    one row
-- Params:   from Date inclusive, to Date exclusive
SELECT
    countIf(state = 'won') AS won,
    countIf(state = 'lost') AS lost,
    sumIf(amount_microusd, state = 'won') AS won_microusd
FROM ops_opportunities
WHERE kind = 'upgrade' AND state IN ('won', 'lost') AND closed_on >= {from:Date} AND closed_on < {to:Date}

-- Question: how many independent brokers stood behind a tier's symbols at the worst moment of the newest minute?
-- Grain:    one row, none where no minute with symbols was judged
-- Params:   tier String, symbols Array(String): empty for all of the tier's, to DateTime64 exclusive
--
-- brokers: what at least 95 % of the symbols had.
SELECT
    slice_start AS minute,
    arraySort(arrayFilter((g, s) -> empty({symbols:Array(String)}) OR has({symbols:Array(String)}, s), good, symbols)) AS counts,
    counts[toUInt32(floor(length(counts) * 0.05)) + 1] AS brokers
FROM sla_slices FINAL
WHERE tier = {tier:String} AND objective = 'redundancy' AND slice_start < {to:DateTime64(6, 'UTC')} AND notEmpty(counts)
ORDER BY slice_start DESC
LIMIT 1

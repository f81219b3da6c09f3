-- Question: which allocations belong to a month's closing, or to one of its corrections?
-- Grain:    one row
-- Params:   from Date: the month, correction UInt16
--
-- digest: of all rows, in whatever order they lie; the same rows have the same.
SELECT
    count() AS rows,
    sum(allocated.microusd) AS microusd,
    lower(hex(sumWithOverflow(sipHash64(concatWithSeparator('\t',
        toString(line), toString(tenant), toString(tier), toString(broker), toString(symbol), toString(day), toString(charge),
        toString(service), toString(class), toString(rule), toString(rule_version), toString(method), toString(weight),
        toString(allocated.microusd), toString(source)
    ))))) AS digest
FROM cost_allocations AS allocated
WHERE month = {from:Date} AND correction = {correction:UInt16}

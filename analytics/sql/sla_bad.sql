-- Question: which slices of uptime were bad, by cause, for whoever has bought these symbols of a tier?
-- Grain:    one row per cause
-- Params:   tier String, symbols Array(String): empty for all of the tier's,
--           from DateTime64 inclusive, to DateTime64 exclusive: the sessions' clock
WITH
    judged AS
    (
        SELECT
            slice_start,
            arrayFilter(i -> empty({symbols:Array(String)}) OR has({symbols:Array(String)}, symbols[i]), arrayEnumerate(symbols)) AS at,
            arrayFilter(i -> good[i] < total[i], at) AS bad,
            arrayDistinct(arrayMap(i -> toString(causes[i]), bad)) AS why
        FROM sla_slices FINAL
        WHERE tier = {tier:String} AND objective = 'uptime'
            AND slice_start >= {from:DateTime64(6, 'UTC')} AND slice_start < {to:DateTime64(6, 'UTC')}
    )
SELECT arrayJoin(why) AS cause, count() AS slices, min(slice_start) AS first, max(slice_start) AS last
FROM judged
WHERE (length(at) - length(bad)) * 100 < 95 * length(at)
GROUP BY cause
ORDER BY slices DESC, cause

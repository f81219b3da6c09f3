-- Question: how many records of each tier and symbol were published, and how many does the tier keep of that?
-- Grain:    one row per (day, tier, symbol); day counts from `from`
-- Params:   from Date inclusive, to Date exclusive: of publication
--
-- retained: records x the hours of the tier's depth as it was when the day ended, or first was; NULL of a tier that nobody described.
WITH
    published AS
    (
        SELECT toDate(hour) AS day, toDateTime64(day + 1, 6, 'UTC') AS ended, toString(tier) AS tier, toString(symbol) AS symbol,
            sum(records) AS records
        FROM tier_hours FINAL
        WHERE hour >= toDateTime({from:Date}, 'UTC') AND hour < toDateTime({to:Date}, 'UTC')
        GROUP BY day, tier, symbol
    ),
    depths AS
    (
        SELECT toString(tier) AS tier, min(valid_from) AS first, argMin(depth_hours, valid_from) AS first_hours,
            groupArray((valid_from, depth_hours)) AS versions
        FROM tier_versions FINAL
        GROUP BY tier
    )
SELECT
    toInt32(published.day - {from:Date}) AS day,
    published.tier AS tier,
    published.symbol AS symbol,
    toInt64(published.records) AS records,
    if(
        empty(versions),
        NULL,
        toInt64(records * if(ended <= first, first_hours, arrayLast(v -> v.1 < ended, arraySort(versions)).2))
    ) AS retained
FROM published
LEFT JOIN depths ON published.tier = depths.tier
ORDER BY day, tier, symbol

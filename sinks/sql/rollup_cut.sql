-- Question: which hours of one day are cut by an end of what tenants consumed, and whose names are there in the day?
-- Grain:    one row: hours in seconds since 1970, brokers
-- Params:   spans: rollup_spans.sql; day: its first moment
{{spans}}
SELECT
    (SELECT arraySort(groupUniqArray(toUnixTimestamp(hour))) FROM cuts),
    (
        SELECT arraySort(arrayDistinct(arrayPushBack(groupUniqArrayArray(brokers::Array(String)), '')))
        FROM tier_hours FINAL
        WHERE hour >= toDateTime('{{day}}', 'UTC') AND hour < toDateTime('{{day}}', 'UTC') + INTERVAL 1 DAY
    )

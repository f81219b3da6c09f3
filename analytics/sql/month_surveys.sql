-- Question: what did customers answer in a span?
-- Grain:    one row per kind of survey that was answered
-- Params:   from Date inclusive, to Date exclusive
--
-- promoters, detractors: answers of 9 or 10, of 0 to 6; they mean something of NPS alone.
SELECT
    toString(kind) AS kind,
    count() AS answers,
    uniqExact(tenant) AS tenants,
    sum(toInt64(score)) AS total,
    countIf(score >= 9) AS promoters,
    countIf(score <= 6) AS detractors
FROM ops_surveys
WHERE answered_at >= toDateTime64({from:Date}, 6, 'UTC') AND answered_at < toDateTime64({to:Date}, 6, 'UTC')
GROUP BY kind
ORDER BY kind

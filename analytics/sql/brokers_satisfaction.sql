-- Question: how satisfied are the tenants that consume a broker's prices?
-- Grain:    one row per broker of which a tenant that answered consumed anything in the span
-- Params:   from Date inclusive, to Date exclusive
--
-- satisfaction: the mean of the tenants' mean CSAT (1 to 5) of the span, each weighted by the broker's share of the halves that the
-- tenant consumed. answers: those that it rests on; few say little, and whoever asks sees to that.
WITH
    answered AS
    (
        SELECT toString(tenant) AS tenant, avg(score) AS mean, count() AS answers, countIf(source = 'synthetic') AS synthetic
        FROM ops_surveys
        WHERE kind = 'CSAT' AND answered_at >= toDateTime64({from:Date}, 6, 'UTC') AND answered_at < toDateTime64({to:Date}, 6, 'UTC')
        GROUP BY tenant
    ),
    consumed AS
    (
        SELECT toString(tenant) AS tenant, toString(name) AS broker, sum(half) AS halves
        FROM consumption_days FINAL
        ARRAY JOIN consumption_days.brokers AS name, consumption_days.halves AS half
        WHERE day >= {from:Date} AND day < {to:Date} AND half > 0
        GROUP BY tenant, broker
    ),
    shares AS
    (
        SELECT tenant, broker, halves / sum(halves) OVER (PARTITION BY tenant) AS share FROM consumed
    )
SELECT
    shares.broker AS broker,
    count() AS tenants,
    sum(answered.answers) AS answers,
    round(sum(shares.share * answered.mean) / sum(shares.share), 4) AS satisfaction,
    sum(answered.synthetic) AS synthetic
FROM shares
INNER JOIN answered ON answered.tenant = shares.tenant
WHERE shares.broker != ''
GROUP BY broker
ORDER BY broker

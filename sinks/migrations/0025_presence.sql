-- Who was there together: what it takes to tell how a tier would have done without one of its brokers, exactly, for any tier and
-- promise. Like the rollups of 0022: computed whole from the stored windows of a day (brokers_presence.sql), as often as anyone
-- likes; `version` only grows while windows are added, so ask with FINAL. No TTL: few rows, which outlive the windows.
--
-- A second of a symbol counts if any broker ticked the symbol in it. Its set: the brokers that ticked the symbol on that day and
-- gave a sign of life in that second, in order; empty where none of those did.
CREATE TABLE IF NOT EXISTS presence_days
(
    symbol      LowCardinality(String),
    day         Date CODEC(DoubleDelta, ZSTD(1)),
    sets        Array(Array(LowCardinality(String))) CODEC(ZSTD(1)),
    seconds     Array(UInt32) CODEC(ZSTD(1)) COMMENT 'of each of sets',
    version     UInt64 CODEC(T64, ZSTD(1)) COMMENT 'seconds, and as many again for each broker in their sets',
    computed_at DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(day)
ORDER BY (symbol, day);

-- What each day earned, net: revenue_days less approved_credits. A credit is of a month and comes off by the month's days, in whole
-- micro-dollars that add up to it. A month that is whole is therefore net of exactly its credits.
CREATE VIEW IF NOT EXISTS recognised_days AS
SELECT tenant, tier, day, microusd, toString(source) AS source
FROM revenue_days
UNION ALL
SELECT
    tenant,
    '' AS tier,
    day,
    toInt64(intDiv(toInt128(credit) * (nth - 1), days) - intDiv(toInt128(credit) * nth, days)) AS microusd,
    source
FROM
(
    SELECT
        toString(tenant) AS tenant,
        microusd AS credit,
        source,
        toDate(arrayJoin(range(toUInt32(toDate(toStartOfMonth(month))), toUInt32(toDate(toLastDayOfMonth(month))) + 1))) AS day,
        toDayOfMonth(day) AS nth,
        toDayOfMonth(toLastDayOfMonth(day)) AS days
    FROM approved_credits
)

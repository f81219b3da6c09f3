-- Who had bought what, and what it was, at every time: `tenants apply` adds a row for each change and edits none. A figure
-- about a moment uses the newest version not after it: ASOF JOIN on valid_from. Contacts are in no table.
CREATE TABLE IF NOT EXISTS tenant_versions
(
    tenant        LowCardinality(String),
    valid_from    DateTime64(6, 'UTC'),
    active        Bool COMMENT 'false from when it was removed',
    name          String,
    tier          LowCardinality(String),
    symbols       Array(LowCardinality(String)) COMMENT 'narrower than the tier''s; empty: all of them',
    contract_from Nullable(Date32) COMMENT 'first day',
    contract_to   Nullable(Date32) COMMENT 'the day on which it has ended'
)
ENGINE = ReplacingMergeTree -- a change that is told again is the same row
ORDER BY (tenant, valid_from);

CREATE TABLE IF NOT EXISTS tier_versions
(
    tier           LowCardinality(String),
    valid_from     DateTime64(6, 'UTC'),
    active         Bool COMMENT 'false from when no file had it any more',
    symbols        Array(LowCardinality(String)) COMMENT 'empty: every symbol',
    interval_ms    Float64,
    depth_hours    UInt32,
    brokers        Array(LowCardinality(String)) COMMENT 'in order of preference',
    redundancy     UInt32,
    record         LowCardinality(String),
    features       Array(LowCardinality(String)),
    latency_ms     Nullable(Float64),
    quality        LowCardinality(String),
    price_microusd Nullable(Int64) COMMENT 'list price of a month'
)
ENGINE = ReplacingMergeTree
ORDER BY (tier, valid_from);

-- The versions in force now.
CREATE VIEW IF NOT EXISTS tenants AS
SELECT
    tenant,
    argMax(active, valid_from) AS active,
    argMax(name, valid_from) AS name,
    argMax(tier, valid_from) AS tier,
    argMax(symbols, valid_from) AS symbols,
    argMax(tuple(contract_from), valid_from).1 AS contract_from,
    argMax(tuple(contract_to), valid_from).1 AS contract_to,
    max(valid_from) AS since
FROM tenant_versions
GROUP BY tenant

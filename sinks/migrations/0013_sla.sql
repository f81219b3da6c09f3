-- The evidence of what tiers were promised: a slice per tier and objective, with its symbols side by side. The judge writes
-- it, and again where data came late: the newest judgement of a slice counts, so ask with FINAL. What tenants are credited by
-- has no time limit: no TTL.
--
-- ORDER BY: asked per tier and objective, over a span of time; the key is what a slice is.
CREATE TABLE IF NOT EXISTS sla_slices
(
    tier        LowCardinality(String),
    objective   LowCardinality(String) COMMENT 'latency, completeness, uptime, redundancy',
    slice_start DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
    slice_s     UInt16 CODEC(ZSTD(1)),
    symbols     Array(LowCardinality(String)) CODEC(ZSTD(1)),
    good        Array(UInt32) CODEC(ZSTD(1)) COMMENT 'of each symbol: records in time, updates covered, 1 or 0, independent brokers',
    total       Array(UInt32) CODEC(ZSTD(1)) COMMENT 'of each symbol: all records, all updates, 1, brokers promised',
    causes      Array(LowCardinality(String)) CODEC(ZSTD(1)) COMMENT 'of each symbol: why not; empty where good',
    formula     LowCardinality(String),
    judged_at   DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(judged_at)
PARTITION BY toYYYYMM(slice_start)
ORDER BY (tier, objective, slice_start);

-- Breaches, alerts, and what was done about them. A judge that was killed may tell a step again: count distinct identity.
-- ORDER BY: asked per subject, over a span of time. No TTL: few rows, and they stand up in a dispute.
CREATE TABLE IF NOT EXISTS sla_events
(
    identity    String CODEC(ZSTD(1)),
    incident    LowCardinality(String),
    kind        Enum8('BREACH' = 0, 'RECOVERY' = 1, 'ALERT' = 2, 'ALERT_END' = 3) CODEC(ZSTD(1)),
    subject     LowCardinality(String),
    tier        LowCardinality(String),
    tenant      LowCardinality(Nullable(String)),
    objective   LowCardinality(String),
    began_time  DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    time        DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    good        Int64 CODEC(T64, ZSTD(1)),
    total       Int64 CODEC(T64, ZSTD(1)),
    target_ppm  Int64 CODEC(T64, ZSTD(1)),
    causes      LowCardinality(String),
    window_s    Nullable(Int64) CODEC(ZSTD(1)),
    told_time   DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    formula     LowCardinality(String),
    topic       LowCardinality(String),
    topic_id    UUID CODEC(ZSTD(1)) COMMENT 'Kafka''s id of the topic: a topic created anew starts at offset 0 again',
    partition   UInt32 CODEC(ZSTD(1)),
    offset      Int64 CODEC(DoubleDelta, ZSTD(1)),
    append_time DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'when Kafka appended the record',
    stored_at   DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'when the insert began, by this server',
    INDEX stored stored_at TYPE minmax GRANULARITY 1,
    PROJECTION positions
    (
        SELECT topic_id, partition, max(offset) GROUP BY topic_id, partition
    )
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(stored_at)
ORDER BY (subject, time)
SETTINGS
    non_replicated_deduplication_window = 1000

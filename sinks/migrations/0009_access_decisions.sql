-- What was asked for and refused. The same line of a log may be told twice: count distinct (source, source_position).
-- ORDER BY: asked per tenant, over a span of time. No TTL: few rows, and next month's offer rests on them.
CREATE TABLE IF NOT EXISTS access_decisions
(
    time            DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    tenant          LowCardinality(Nullable(String)),
    principal       LowCardinality(String),
    operation       LowCardinality(String),
    resource_type   LowCardinality(String),
    resource        LowCardinality(String),
    request         LowCardinality(Nullable(String)),
    host            LowCardinality(Nullable(String)),
    rule            LowCardinality(String),
    source          LowCardinality(String),
    source_position Int64 CODEC(Delta, ZSTD(1)),
    topic           LowCardinality(String),
    topic_id        UUID CODEC(ZSTD(1)) COMMENT 'Kafka''s id of the topic: a topic created anew starts at offset 0 again',
    partition       UInt32 CODEC(ZSTD(1)),
    offset          Int64 CODEC(DoubleDelta, ZSTD(1)),
    append_time     DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'when Kafka appended the record',
    stored_at       DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'when the insert began, by this server',
    INDEX stored stored_at TYPE minmax GRANULARITY 1,
    PROJECTION positions
    (
        SELECT topic_id, partition, max(offset) GROUP BY topic_id, partition
    )
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(stored_at)
ORDER BY (principal, time)
SETTINGS
    non_replicated_deduplication_window = 1000

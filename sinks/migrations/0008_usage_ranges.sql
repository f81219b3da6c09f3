-- What the meter tells of the tenants' commits. Two meters, or one that reads again, may tell a range twice, or in other
-- pieces: figures rest on the union of ranges, never on their sum.
--
-- ORDER BY: usage is asked per tenant, then per partition read. No TTL: what tenants are billed by has no time limit.
-- positions: up to where each partition of __consumer_offsets has been told, which a meter that starts asks for.
CREATE TABLE IF NOT EXISTS usage_ranges
(
    tenant           LowCardinality(String),
    consumer_group   LowCardinality(String),
    read_topic       LowCardinality(String),
    read_topic_id    LowCardinality(String),
    read_partition   Int32 CODEC(T64, ZSTD(1)),
    kind             Enum8('CONSUMED' = 0, 'SKIPPED' = 1, 'START_UNKNOWN' = 2) CODEC(ZSTD(1)),
    from_offset      Nullable(Int64) CODEC(Delta, ZSTD(1)),
    to_offset        Int64 CODEC(Delta, ZSTD(1)),
    pass             Int64 CODEC(Delta, ZSTD(1)),
    committed_at     DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    source_partition Int32 CODEC(T64, ZSTD(1)),
    source_offset    Int64 CODEC(Delta, ZSTD(1)),
    topic            LowCardinality(String),
    topic_id         UUID CODEC(ZSTD(1)) COMMENT 'Kafka''s id of the topic: a topic created anew starts at offset 0 again',
    partition        UInt32 CODEC(ZSTD(1)),
    offset           Int64 CODEC(DoubleDelta, ZSTD(1)),
    append_time      DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'when Kafka appended the record',
    stored_at        DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'when the insert began, by this server',
    INDEX stored stored_at TYPE minmax GRANULARITY 1,
    PROJECTION positions
    (
        SELECT topic_id, partition, max(offset) GROUP BY topic_id, partition
    ),
    PROJECTION sources
    (
        SELECT source_partition, max(source_offset) GROUP BY source_partition
    )
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(stored_at)
ORDER BY (tenant, consumer_group, read_topic_id, read_partition, source_offset)
SETTINGS
    non_replicated_deduplication_window = 1000

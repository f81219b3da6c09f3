-- One second of one broker's symbol. ORDER BY: quality is reported per broker, then per symbol.
-- The other choices are argued in 0001_ticks.sql.
CREATE TABLE IF NOT EXISTS quality_windows
(
    broker             LowCardinality(String),
    symbol             LowCardinality(String),
    window_start       DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    ticks              Int64 CODEC(T64, ZSTD(1)),
    applied            Int64 CODEC(T64, ZSTD(1)),
    duplicates         Int64 CODEC(T64, ZSTD(1)),
    line_duplicates    Int64 CODEC(T64, ZSTD(1)),
    unchanged          Int64 CODEC(T64, ZSTD(1)),
    late               Int64 CODEC(T64, ZSTD(1)),
    backfilled         Int64 CODEC(T64, ZSTD(1)),
    invalid            Int64 CODEC(T64, ZSTD(1)),
    missing            Int64 CODEC(T64, ZSTD(1)),
    crossed            Int64 CODEC(T64, ZSTD(1)),
    locked             Int64 CODEC(T64, ZSTD(1)),
    quarantined        Int64 CODEC(T64, ZSTD(1)),
    spread_min         Nullable(Float64) CODEC(ZSTD(1)),
    spread_mean        Nullable(Float64) CODEC(ZSTD(1)),
    spread_max         Nullable(Float64) CODEC(ZSTD(1)),
    latency_p50_us     Nullable(Int64) CODEC(T64, ZSTD(1)),
    latency_p95_us     Nullable(Int64) CODEC(T64, ZSTD(1)),
    latency_p99_us     Nullable(Int64) CODEC(T64, ZSTD(1)),
    latency_max_us     Nullable(Int64) CODEC(T64, ZSTD(1)),
    heartbeats         Int64 CODEC(T64, ZSTD(1)),
    last_received_time DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    epoch              Int64 CODEC(Delta, ZSTD(1)),
    topic              LowCardinality(String),
    topic_id           UUID CODEC(ZSTD(1)) COMMENT 'Kafka''s id of the topic: a topic created anew starts at offset 0 again',
    partition          UInt32 CODEC(ZSTD(1)),
    offset             Int64 CODEC(DoubleDelta, ZSTD(1)),
    append_time        DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'when Kafka appended the record',
    stored_at          DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'when the insert began, by this server',
    INDEX stored stored_at TYPE minmax GRANULARITY 1,
    PROJECTION positions
    (
        SELECT topic_id, partition, max(offset) GROUP BY topic_id, partition
    )
)
ENGINE = MergeTree
PARTITION BY toDate(stored_at)
ORDER BY (broker, symbol, window_start)
TTL toDateTime(stored_at) + INTERVAL 30 DAY
SETTINGS
    non_replicated_deduplication_window = 1000,
    ttl_only_drop_parts = 1

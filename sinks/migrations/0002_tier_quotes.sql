-- Every record of every tier topic. A column that a tier does not sell is NULL (for brokers.*: empty).
--
-- One table: what compares tiers, bills tenants or judges an objective reads all three in the same way.
-- ORDER BY: history and latency are asked per tier and symbol over a span of published_time, which never goes back there.
-- offsets: what a tenant consumed is a span of offsets of one partition; offsets grow with time within tier and symbol,
--   so the index leaves few granules of it. The other choices are argued in 0001_ticks.sql.
CREATE TABLE IF NOT EXISTS tier_quotes
(
    tier                LowCardinality(String),
    symbol              LowCardinality(String),
    bid                 Nullable(Float64) CODEC(ZSTD(1)),
    ask                 Nullable(Float64) CODEC(ZSTD(1)),
    mid                 Nullable(Float64) CODEC(ZSTD(1)),
    spread              Nullable(Float64) CODEC(ZSTD(1)),
    state               Enum8('NORMAL' = 0, 'LOCKED' = 1, 'CROSSED' = 2, 'ONE_SIDED' = 3, 'STALE' = 4) CODEC(ZSTD(1)),
    event_time          Nullable(DateTime64(6, 'UTC')) CODEC(Delta, ZSTD(1)),
    received_time       Nullable(DateTime64(6, 'UTC')) CODEC(Delta, ZSTD(1)),
    as_of_time          DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    due_time            DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    published_time      DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    conflated_count     Int64 CODEC(T64, ZSTD(1)),
    upto_sequence       Int64 CODEC(Delta, ZSTD(1)),
    epoch               Int64 CODEC(Delta, ZSTD(1)),
    sources             Nested(broker LowCardinality(String), offset Int64),
    spread_min          Nullable(Float64) CODEC(ZSTD(1)),
    spread_max          Nullable(Float64) CODEC(ZSTD(1)),
    mid_low             Nullable(Float64) CODEC(ZSTD(1)),
    mid_high            Nullable(Float64) CODEC(ZSTD(1)),
    bid_age_us          Nullable(Int64) CODEC(T64, ZSTD(1)),
    ask_age_us          Nullable(Int64) CODEC(T64, ZSTD(1)),
    eligible_brokers    Nullable(Int32) CODEC(ZSTD(1)),
    quarantined_brokers Nullable(Int32) CODEC(ZSTD(1)),
    bid_broker          LowCardinality(Nullable(String)),
    ask_broker          LowCardinality(Nullable(String)),
    bid_size            Nullable(Float64) CODEC(ZSTD(1)),
    ask_size            Nullable(Float64) CODEC(ZSTD(1)),
    feed_latency_us     Nullable(Int64) CODEC(T64, ZSTD(1)),
    conflation_us       Nullable(Int64) CODEC(T64, ZSTD(1)),
    brokers             Nested
    (
        broker        LowCardinality(String),
        status        Enum8('ELIGIBLE' = 0, 'NO_QUOTE' = 1, 'SESSION_LOST' = 2, 'QUARANTINED' = 3, 'ONE_SIDED' = 4),
        bid           Nullable(Float64),
        ask           Nullable(Float64),
        bid_size      Nullable(Float64),
        ask_size      Nullable(Float64),
        event_time    Nullable(DateTime64(6, 'UTC')),
        received_time Nullable(DateTime64(6, 'UTC'))
    ),
    topic               LowCardinality(String),
    topic_id            UUID CODEC(ZSTD(1)) COMMENT 'Kafka''s id of the topic: a topic created anew starts at offset 0 again',
    partition           UInt32 CODEC(ZSTD(1)),
    offset              Int64 CODEC(DoubleDelta, ZSTD(1)),
    append_time         DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'when Kafka appended the record',
    stored_at           DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'when the insert began, by this server',
    INDEX offsets offset TYPE minmax GRANULARITY 1,
    INDEX stored stored_at TYPE minmax GRANULARITY 1,
    PROJECTION positions
    (
        SELECT topic_id, partition, max(offset), max(epoch) GROUP BY topic_id, partition
    )
)
ENGINE = MergeTree
PARTITION BY toDate(stored_at)
ORDER BY (tier, symbol, published_time)
TTL toDateTime(stored_at) + INTERVAL 30 DAY
SETTINGS
    non_replicated_deduplication_window = 1000,
    ttl_only_drop_parts = 1

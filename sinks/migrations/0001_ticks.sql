-- Every tick as its broker's topic has it, duplicates and late ones included. One row per Kafka record.
--
-- ORDER BY: nearly every question names a symbol, then compares brokers over a span of time.
-- PARTITION BY: stored_at is one value within one insert, so one insert is one part: all of it is there, or nothing.
-- TTL: on stored_at, never on a data time. A tape of 2014 would be gone before it was read. Whole parts are dropped.
-- Codecs, measured on 1.4 million real FXCM and OANDA ticks in this order (bytes a row):
--   prices     ZSTD 0.97, Gorilla + ZSTD 2.7, FPC + ZSTD 1.9: decimal prices repeat as byte patterns, not as XOR runs
--   times      Delta + ZSTD 2.5, T64 3.1, DoubleDelta + ZSTD 3.5: ticks come in bursts, the second difference is noise
--   counters   DoubleDelta + ZSTD 0.05 (sequence) and 0.49 (offset), Delta + ZSTD 0.42 and 0.56
-- positions: the highest stored offset of every partition, which each insert compares with, costs one small read per
--   part instead of a scan of the table.
-- stored: finds what came since a moment inside merged parts (the bars ask this every few seconds).
CREATE TABLE IF NOT EXISTS ticks
(
    broker        LowCardinality(String),
    symbol        LowCardinality(String),
    bid           Float64 CODEC(ZSTD(1)),
    ask           Float64 CODEC(ZSTD(1)),
    bid_size      Nullable(Float64) CODEC(ZSTD(1)),
    ask_size      Nullable(Float64) CODEC(ZSTD(1)),
    event_time    Nullable(DateTime64(6, 'UTC')) CODEC(Delta, ZSTD(1)),
    received_time DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    line          Enum8('A' = 0, 'B' = 1, 'C' = 2, 'D' = 3) CODEC(ZSTD(1)),
    session       Int64 CODEC(Delta, ZSTD(1)),
    sequence      Int64 CODEC(DoubleDelta, ZSTD(1)),
    flags         Int32 CODEC(ZSTD(1)),
    topic         LowCardinality(String),
    topic_id      UUID CODEC(ZSTD(1)) COMMENT 'Kafka''s id of the topic: a topic created anew starts at offset 0 again',
    partition     UInt32 CODEC(ZSTD(1)),
    offset        Int64 CODEC(DoubleDelta, ZSTD(1)),
    append_time   DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'when Kafka appended the record',
    stored_at     DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'when the insert began, by this server',
    INDEX stored stored_at TYPE minmax GRANULARITY 1,
    PROJECTION positions
    (
        SELECT topic_id, partition, max(offset), max(stored_at) GROUP BY topic_id, partition
    )
)
ENGINE = MergeTree
PARTITION BY toDate(stored_at)
ORDER BY (symbol, broker, received_time)
TTL toDateTime(stored_at) + INTERVAL 30 DAY
SETTINGS
    non_replicated_deduplication_window = 1000, -- insert tokens; the default, 0, forgets them all
    ttl_only_drop_parts = 1

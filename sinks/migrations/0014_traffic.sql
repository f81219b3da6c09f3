-- Bytes that each user of the Kafka cluster was sent, by node and minute, from the nodes' exporters: the meter writes it. Two
-- meters tell of the same minute: the one that has seen more of it counts, so ask with FINAL. The row of no principal says
-- that the node was asked at all. A cross-check of usage, and what network cost is shared by.
--
-- ORDER BY: asked per principal, over a span of time; the key is what a row is.
CREATE TABLE IF NOT EXISTS principal_bytes
(
    minute    DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
    node      LowCardinality(String),
    principal LowCardinality(String),
    bytes     UInt64 CODEC(T64, ZSTD(1)),
    covered_s Float32 CODEC(ZSTD(1)) COMMENT 'for so many seconds of the minute the rate is known'
)
ENGINE = ReplacingMergeTree(covered_s)
PARTITION BY toYYYYMM(minute)
ORDER BY (principal, minute, node)
TTL minute + INTERVAL 400 DAY
SETTINGS ttl_only_drop_parts = 1;

-- How many bytes stand for how many offsets of a tier's partition, by node and minute: what reading them explains.
CREATE TABLE IF NOT EXISTS log_sizes
(
    minute    DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
    node      LowCardinality(String),
    topic     LowCardinality(String),
    partition UInt32 CODEC(T64, ZSTD(1)),
    bytes     UInt64 CODEC(Delta, ZSTD(1)),
    offsets   UInt64 CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(minute)
ORDER BY (topic, partition, minute, node)
TTL minute + INTERVAL 400 DAY
SETTINGS ttl_only_drop_parts = 1

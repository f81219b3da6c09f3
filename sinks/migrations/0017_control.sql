-- Commands to collectors and stream workers, step by step, and who told each. Told again after a kill, a step stands twice:
-- count distinct (command, step).
-- ORDER BY: asked per broker, over a span of time. No TTL: few rows, and they stand up in a dispute.
CREATE TABLE IF NOT EXISTS control_commands
(
    command       String CODEC(ZSTD(1)),
    step          Enum8('ASKED' = 0, 'ACCEPTED' = 1, 'DONE' = 2, 'REFUSED' = 3, 'FAILED' = 4, 'REVERTED' = 5) CODEC(ZSTD(1)),
    action        Enum8('START_LINE' = 0, 'STOP_LINE' = 1, 'START_SESSION' = 2, 'STOP_SESSION' = 3, 'FILL_GAP' = 4, 'SWITCH_LEAD' = 5, 'ADMIT_BROKER' = 6) CODEC(ZSTD(1)),
    broker        LowCardinality(String),
    tier          LowCardinality(Nullable(String)),
    symbol        LowCardinality(Nullable(String)),
    line          LowCardinality(Nullable(String)),
    from_time     Nullable(DateTime64(6, 'UTC')) CODEC(ZSTD(1)),
    to_time       Nullable(DateTime64(6, 'UTC')) CODEC(ZSTD(1)),
    until_time    Nullable(DateTime64(6, 'UTC')) CODEC(ZSTD(1)),
    deadline_time DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    time          DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    by            LowCardinality(String),
    incident      LowCardinality(Nullable(String)),
    reason        Nullable(String) CODEC(ZSTD(1)),
    ticks         Nullable(Int64) CODEC(ZSTD(1)),
    topic         LowCardinality(String),
    topic_id      UUID CODEC(ZSTD(1)) COMMENT 'Kafka''s id of the topic: a topic created anew starts at offset 0 again',
    partition     UInt32 CODEC(ZSTD(1)),
    offset        Int64 CODEC(DoubleDelta, ZSTD(1)),
    append_time   DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'when Kafka appended the record',
    stored_at     DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'when the insert began, by this server',
    INDEX stored stored_at TYPE minmax GRANULARITY 1,
    PROJECTION positions
    (
        SELECT topic_id, partition, max(offset) GROUP BY topic_id, partition
    )
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(stored_at)
ORDER BY (broker, time)
SETTINGS
    non_replicated_deduplication_window = 1000

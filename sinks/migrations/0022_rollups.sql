-- Rollups that reports of a month rest on. Each row is computed whole from the stored rows of its hour or day, as often as anyone
-- likes. `version` only grows while stored rows are added: of two computations the one that saw more counts, whoever wrote it and
-- whenever; one made after some of the rows have expired counts for nothing. So ask with FINAL. No TTL: they outlive what they
-- are computed from.
--
-- A broker's share of a record: one half for the best bid, one for the best ask. Halves that nobody can be named for
-- stand under the empty name; of a one-sided record only one half is told.
CREATE TABLE IF NOT EXISTS tier_hours
(
    tier         LowCardinality(String),
    symbol       LowCardinality(String),
    hour         DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'of publication',
    topic_id     UUID CODEC(ZSTD(1)),
    partition    UInt32 CODEC(ZSTD(1)),
    first_offset Int64 CODEC(Delta, ZSTD(1)),
    last_offset  Int64 CODEC(Delta, ZSTD(1)),
    records      UInt64 CODEC(T64, ZSTD(1)),
    conflated    UInt64 CODEC(T64, ZSTD(1)) COMMENT 'composites that records replaced before they were published',
    usable       UInt64 CODEC(T64, ZSTD(1)) COMMENT 'NORMAL or LOCKED',
    timed        UInt64 CODEC(T64, ZSTD(1)) COMMENT 'of which received_time is known',
    waited_us    Int64 CODEC(T64, ZSTD(1)) COMMENT 'sum of published_time - received_time of those: conflation included',
    pipeline_us  Int64 CODEC(T64, ZSTD(1)) COMMENT 'sum over all records of published_time - max(as_of_time, due_time)',
    pipeline     Map(UInt16, UInt64) CODEC(ZSTD(1)) COMMENT 'records by pipeline latency: n counts those from 2^(n/8) us up to the next; 0: below 1 us',
    brokers      Array(LowCardinality(String)) CODEC(ZSTD(1)),
    halves       Array(UInt64) CODEC(ZSTD(1)) COMMENT 'of each of brokers',
    version      UInt64 CODEC(T64, ZSTD(1)) COMMENT 'records + halves with a name',
    computed_at  DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(hour)
ORDER BY (tier, symbol, hour, topic_id, partition);

-- What tenants consumed of a tier's symbol on a day, of publication, in UTC: the union of what each group has moved over, added up
-- over its groups. What usage.sql tells of one tenant.
CREATE TABLE IF NOT EXISTS consumption_days
(
    tenant      LowCardinality(String),
    day         Date CODEC(DoubleDelta, ZSTD(1)),
    tier        LowCardinality(String),
    symbol      LowCardinality(String),
    ticks       UInt64 CODEC(T64, ZSTD(1)),
    replayed    UInt64 CODEC(T64, ZSTD(1)) COMMENT 'read again, not billed',
    conflated   UInt64 CODEC(T64, ZSTD(1)),
    usable      UInt64 CODEC(T64, ZSTD(1)),
    timed       UInt64 CODEC(T64, ZSTD(1)),
    waited_us   Int64 CODEC(T64, ZSTD(1)),
    hours       UInt32 CODEC(ZSTD(1)) COMMENT 'bit n: something of hour n was consumed',
    brokers     Array(LowCardinality(String)) CODEC(ZSTD(1)),
    halves      Array(UInt64) CODEC(ZSTD(1)),
    version     UInt64 CODEC(T64, ZSTD(1)) COMMENT 'ticks + replayed + halves with a name',
    computed_at DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(day)
ORDER BY (tenant, day, tier, symbol);

-- How each broker's symbol was on a day, by received time in UTC: what quality_score of any span is made of (SEMANTICS 7). Sums
-- of whole seconds and ticks, so that days add up.
CREATE TABLE IF NOT EXISTS broker_days
(
    broker      LowCardinality(String),
    symbol      LowCardinality(String),
    day         Date CODEC(DoubleDelta, ZSTD(1)),
    scheduled_s UInt32 CODEC(T64, ZSTD(1)) COMMENT 'seconds of the day that are of market time',
    live_s      UInt32 CODEC(T64, ZSTD(1)) COMMENT 'of which the broker beat or ticked in',
    expected_s  UInt32 CODEC(T64, ZSTD(1)) COMMENT 'seconds in which another broker ticked the symbol',
    observed_s  UInt32 CODEC(T64, ZSTD(1)) COMMENT 'of which this one was there in: source_coverage.sql',
    ticks       UInt64 CODEC(T64, ZSTD(1)) COMMENT 'received, redelivered ones too, filled-in ones not',
    duplicates  UInt64 CODEC(T64, ZSTD(1)),
    invalid     UInt64 CODEC(T64, ZSTD(1)),
    quarantined UInt64 CODEC(T64, ZSTD(1)),
    crossed     UInt64 CODEC(T64, ZSTD(1)),
    missing     UInt64 CODEC(T64, ZSTD(1)),
    timed       UInt64 CODEC(T64, ZSTD(1)) COMMENT 'ticks with event_time',
    prompt      UInt64 CODEC(T64, ZSTD(1)) COMMENT 'of which received - event - clock offset <= 250 ms',
    feed_us     Int64 CODEC(T64, ZSTD(1)) COMMENT 'sum of received - event - clock offset of those timed',
    compared_s  UInt32 CODEC(T64, ZSTD(1)) COMMENT 'seconds with mids of two others at least',
    near_s      UInt32 CODEC(T64, ZSTD(1)) COMMENT 'of which its mid was within 2 median spreads of their median',
    version     UInt64 CODEC(T64, ZSTD(1)),
    computed_at DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(day)
ORDER BY (broker, symbol, day);

-- Up to which stored_at of a table its rows are in a rollup. Written after the rollup: a kill between the two repeats work and
-- loses none.
CREATE TABLE IF NOT EXISTS rollup_progress
(
    rollup      LowCardinality(String),
    of_table    LowCardinality(String),
    done_until  DateTime64(6, 'UTC'),
    computed_at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(computed_at)
ORDER BY (rollup, of_table)

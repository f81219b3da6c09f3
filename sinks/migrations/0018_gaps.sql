-- The gaps of brokers' ticks, and what became of each. The judge's process writes a row again at every change of its state: the
-- newest counts, so ask with FINAL. What was lost stands up in a dispute: no TTL, and few rows.
--
-- ORDER BY: asked per broker, over a span of time. Broker, from_time and gap never change of a gap, so they are its key, too;
-- PARTITION BY follows from_time for the same reason: all versions of a gap are in one partition.
CREATE TABLE IF NOT EXISTS gaps
(
    gap            String CODEC(ZSTD(1)) COMMENT 'made of what it is a gap of: found again, it is the same',
    broker         LowCardinality(String),
    line           Enum8('A' = 0, 'B' = 1, 'C' = 2, 'D' = 3) CODEC(ZSTD(1)),
    session        Nullable(Int64) CODEC(ZSTD(1)) COMMENT 'NULL: it is the session that was lost',
    symbol         LowCardinality(Nullable(String)) COMMENT 'NULL: all of them',
    from_time      DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'received_time of the tick before; the last second with a sign of life',
    to_time        Nullable(DateTime64(6, 'UTC')) CODEC(ZSTD(1)) COMMENT 'of the tick after; the end of the first second with one again. NULL: not yet',
    first_sequence Nullable(Int64) CODEC(ZSTD(1)),
    last_sequence  Nullable(Int64) CODEC(ZSTD(1)),
    cause          Enum8('missing' = 0, 'session_lost' = 1) CODEC(ZSTD(1)),
    state          Enum8('suspected' = 0, 'confirmed' = 1, 'filling' = 2, 'filled' = 3, 'partial' = 4, 'unfillable' = 5) CODEC(ZSTD(1)),
    expected       Nullable(Int64) CODEC(ZSTD(1)) COMMENT 'ticks that were lost; NULL: not known',
    filled         Nullable(Int64) CODEC(ZSTD(1)) COMMENT 'of which came late or were filled in; NULL: not known',
    command        Nullable(String) CODEC(ZSTD(1)) COMMENT 'in control_commands: by which its broker was asked for them',
    asked_at       Nullable(DateTime64(6, 'UTC')) CODEC(ZSTD(1)),
    reason         String CODEC(ZSTD(1)) COMMENT 'of the state, in words',
    found_at       DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    changed_at     DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(changed_at)
PARTITION BY toYYYYMM(from_time)
ORDER BY (broker, from_time, gap);

-- Up to which stored_at of ticks and windows it has been looked for gaps: one row. Written after what was found, so a kill between
-- the two repeats work and loses none.
CREATE TABLE IF NOT EXISTS gaps_progress
(
    looked_until DateTime64(6, 'UTC'),
    looked_at    DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(looked_at)
ORDER BY tuple()

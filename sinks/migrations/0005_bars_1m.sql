-- One-minute bars of one broker's symbol, by received_time, from ticks that are not BACKFILLED and have both sides.
-- Read the view `bars`: this table holds earlier, shorter versions of a minute until a merge takes them away.
--
-- A minute is recomputed whole from `ticks` whenever rows of it were stored. `rows` counts all of its stored ticks: rows are
-- only ever added, so of two versions the one of more rows is the later one, whichever sink wrote it and whenever it woke
-- up; a recomputation after some of the ticks have expired counts fewer and changes nothing. So bars outlive their ticks,
-- and have no TTL: 300 series are some ten million rows a month.
CREATE TABLE IF NOT EXISTS bars_1m
(
    broker      LowCardinality(String),
    symbol      LowCardinality(String),
    minute      DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
    open        Float64 CODEC(ZSTD(1)) COMMENT 'open, high, low, close are of mid, rounded to one digit more than the symbol''s',
    high        Float64 CODEC(ZSTD(1)),
    low         Float64 CODEC(ZSTD(1)),
    close       Float64 CODEC(ZSTD(1)),
    bid_high    Float64 CODEC(ZSTD(1)),
    bid_low     Float64 CODEC(ZSTD(1)),
    ask_high    Float64 CODEC(ZSTD(1)),
    ask_low     Float64 CODEC(ZSTD(1)),
    spread_mean Float64 CODEC(ZSTD(1)) COMMENT 'of ask - bid, negative ones included, rounded to two digits more than the symbol''s',
    ticks       UInt64 CODEC(T64, ZSTD(1)) COMMENT 'those the bar is made of',
    crossed     UInt64 CODEC(T64, ZSTD(1)) COMMENT 'of which ask < bid',
    rows        UInt64 CODEC(T64, ZSTD(1)) COMMENT 'all stored ticks of the minute: the version',
    computed_at DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(rows)
PARTITION BY toYYYYMM(minute)
ORDER BY (symbol, broker, minute)

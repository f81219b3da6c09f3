-- Which part of which charge is whose, to the micro-dollar: `tierfeed report costs` computes a month and replaces what was stored of it
-- where it differs, until the month is closed. What changes later are rows of a further correction, which hold the
-- difference; so the sum over all corrections is what counts, and correction 0 is what was closed.
--
-- line: idle is what was provisioned and not used; unallocated is what no rule or no weight could give to anybody.
-- PARTITION BY month: a month is replaced whole. ORDER BY: asked per month by tenant, or by charge.
CREATE TABLE IF NOT EXISTS cost_allocations
(
    month        Date,
    correction   UInt16,
    line         Enum8('allocated' = 0, 'idle' = 1, 'unallocated' = 2),
    tenant       LowCardinality(String) COMMENT 'empty: of nobody',
    tier         LowCardinality(String),
    broker       LowCardinality(String),
    symbol       LowCardinality(String),
    day          Date CODEC(DoubleDelta, ZSTD(1)),
    charge       LowCardinality(String),
    service      LowCardinality(String),
    class        Enum8('direct' = 0, 'shared' = 1, 'idle' = 2, 'overhead' = 3),
    rule         LowCardinality(String),
    rule_version LowCardinality(String),
    method       LowCardinality(String) COMMENT 'proportional(metric), even, fixed; why not, where unallocated',
    weight       Int64 CODEC(T64, ZSTD(1)),
    microusd     Int64 CODEC(T64, ZSTD(1)),
    source       Enum8('real' = 0, 'synthetic' = 1)
)
ENGINE = MergeTree
PARTITION BY month
ORDER BY (month, tenant, charge, day, correction);

-- Months that were closed, each once.
CREATE TABLE IF NOT EXISTS closed_months
(
    month       Date,
    correction  UInt16 COMMENT '0: the closing itself',
    closed_at   DateTime64(6, 'UTC'),
    closed_by   String,
    note        String,
    rows_sum    String COMMENT 'SHA-256 of the figures that were frozen or corrected'
)
ENGINE = ReplacingMergeTree
ORDER BY (month, correction);

-- The figures of closed months: frozen rows, and rows of corrections, which hold the figure as it would be now. `value` is text,
-- so that money stays exact; NULL has its status and reason.
CREATE TABLE IF NOT EXISTS month_figures
(
    month           Date,
    correction      UInt16,
    report          LowCardinality(String),
    subject         LowCardinality(String),
    metric          LowCardinality(String),
    value           Nullable(String),
    unit            LowCardinality(String),
    n               Nullable(Int64),
    status          LowCardinality(String),
    reason          Nullable(String),
    parts           Map(LowCardinality(String), String),
    formula         String,
    formula_version LowCardinality(String),
    computed_at     DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree
PARTITION BY toYear(month)
ORDER BY (month, report, subject, metric, correction)

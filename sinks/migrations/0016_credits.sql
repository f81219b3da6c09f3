-- Credits for uptime that was not kept: proposed from sla_slices, then approved or rejected by somebody. One row per step, which is
-- what makes each of them happen once: told again it is the same row. Of two decisions the earlier one stands. No TTL: it is money.
CREATE TABLE IF NOT EXISTS credits
(
    tenant          LowCardinality(String),
    month           Date,
    step            Enum8('PROPOSED' = 0, 'APPROVED' = 1, 'REJECTED' = 2),
    tier            LowCardinality(String),
    fee_microusd    Int64 COMMENT 'of the month, by the tier as it was at its end',
    percent         UInt8 COMMENT 'of the fee',
    amount_microusd Int64,
    good            UInt64 COMMENT 'of total: slices of ten seconds that were up',
    total           UInt64,
    target_ppm      UInt32,
    evidence        String COMMENT 'bad slices by cause; they are in sla_slices',
    decided_by      String,
    note            String,
    at              DateTime64(6, 'UTC'),
    formula         LowCardinality(String)
)
ENGINE = ReplacingMergeTree
ORDER BY (tenant, month, step)

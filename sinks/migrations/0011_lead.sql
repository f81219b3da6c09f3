-- Which broker leads for a symbol, where the tier sells it (SEMANTICS 7).
ALTER TABLE tier_quotes
    ADD COLUMN IF NOT EXISTS lead_broker LowCardinality(Nullable(String)) AFTER conflation_us,
    ADD COLUMN IF NOT EXISTS lead_since Nullable(DateTime64(6, 'UTC')) CODEC(Delta, ZSTD(1)) AFTER lead_broker,
    ADD COLUMN IF NOT EXISTS lead_switched Nullable(DateTime64(6, 'UTC')) CODEC(Delta, ZSTD(1)) AFTER lead_since

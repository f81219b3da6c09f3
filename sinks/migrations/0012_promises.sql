-- What a tier promises besides latency (SEMANTICS 5). NULL: nothing.
ALTER TABLE tier_versions
    ADD COLUMN IF NOT EXISTS completeness_percent Nullable(Float64) AFTER latency_ms,
    ADD COLUMN IF NOT EXISTS uptime_percent Nullable(Float64) AFTER completeness_percent

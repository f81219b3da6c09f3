-- Whom a tier may have for a time beside its own brokers.
ALTER TABLE tier_versions
    ADD COLUMN IF NOT EXISTS emergency Array(LowCardinality(String)) COMMENT 'in order of preference' AFTER brokers

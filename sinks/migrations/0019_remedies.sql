-- Steps of remedies beside those of incidents.
ALTER TABLE sla_events
    MODIFY COLUMN kind Enum8('BREACH' = 0, 'RECOVERY' = 1, 'ALERT' = 2, 'ALERT_END' = 3, 'DETECTED' = 4, 'GUARDED' = 5, 'ACTING' = 6, 'VERIFYING' = 7, 'RESOLVED' = 8, 'REVERTED' = 9, 'ESCALATED' = 10) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS symbol LowCardinality(Nullable(String)) AFTER formula,
    ADD COLUMN IF NOT EXISTS action LowCardinality(Nullable(String)) AFTER symbol,
    ADD COLUMN IF NOT EXISTS command Nullable(String) CODEC(ZSTD(1)) AFTER action,
    ADD COLUMN IF NOT EXISTS detail Nullable(String) CODEC(ZSTD(1)) AFTER command

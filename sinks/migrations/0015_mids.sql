-- By which a broker's prices are compared with those of the others.
ALTER TABLE quality_windows ADD COLUMN IF NOT EXISTS mid Nullable(Float64) CODEC(ZSTD(1)) AFTER spread_max

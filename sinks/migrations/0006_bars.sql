-- The bars as readers should see them: one row per broker, symbol and minute that has ticks, always the newest version.
CREATE VIEW IF NOT EXISTS bars AS
SELECT
    broker, symbol, minute, open, high, low, close, bid_high, bid_low, ask_high, ask_low, spread_mean, ticks, crossed, computed_at
FROM bars_1m FINAL
WHERE ticks > 0
SETTINGS do_not_merge_across_partitions_select_final = 1 -- a minute is in one partition only

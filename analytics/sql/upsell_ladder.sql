-- Question: which tiers are sold, in order of their price, and which is next above each?
-- Grain:    one row per tier
-- Params:   as_of Date: before it
SELECT tier, rank, next_tier, price_microusd FROM tiers_sold(to = {as_of:Date}) ORDER BY rank NULLS LAST, tier

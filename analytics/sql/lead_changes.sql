-- Question: which broker led for each symbol of a tier, since when, and did it take over because it was better?
-- Grain:    one row per (symbol, time at which a broker took the lead) that any record of the span says
-- Params:   tier String, from DateTime64 inclusive, to DateTime64 exclusive: published_time, the sessions' clock
--
-- better is false where the broker before had gone, or there was none. `last_told` is the newest record that names it.
SELECT
    symbol,
    any(lead_broker) AS broker,
    lead_since AS since,
    ifNull(max(lead_switched) = since, false) AS better,
    count() AS records,
    max(published_time) AS last_told
FROM tier_quotes
WHERE tier = {tier:String}
    AND published_time >= {from:DateTime64(6, 'UTC')} AND published_time < {to:DateTime64(6, 'UTC')}
    AND lead_broker IS NOT NULL
GROUP BY symbol, since
ORDER BY symbol, since

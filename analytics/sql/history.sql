-- Question: what did a tier publish of a symbol, from a moment on and before another?
-- Grain:    one row per record, in the order of publication
-- Params:   tier String, symbol String, from DateTime64 inclusive, to DateTime64 exclusive
SELECT
    symbol, bid, ask, mid, spread, state, event_time, received_time, as_of_time, due_time, published_time,
    conflated_count, upto_sequence, epoch,
    arrayMap((b, at) -> (b, at)::Tuple(broker String, offset Int64), sources.broker, sources.offset) AS sources, spread_min, spread_max, mid_low, mid_high, bid_age_us, ask_age_us,
    eligible_brokers, quarantined_brokers, bid_broker, ask_broker, bid_size, ask_size, feed_latency_us, conflation_us,
    lead_broker, lead_since, lead_switched,
    arrayMap(
        (b, s, bid, ask, bid_size, ask_size, event, received) -> (b, s, bid, ask, bid_size, ask_size, event, received)::Tuple(
            broker String, status String, bid Nullable(Float64), ask Nullable(Float64), bid_size Nullable(Float64),
            ask_size Nullable(Float64), event_time Nullable(DateTime64(6, 'UTC')),
            received_time Nullable(DateTime64(6, 'UTC'))
        ),
        brokers.broker, brokers.status, brokers.bid, brokers.ask, brokers.bid_size, brokers.ask_size, brokers.event_time,
        brokers.received_time
    ) AS brokers
FROM tier_quotes
WHERE tier = {tier:String}
    AND symbol = {symbol:String}
    AND published_time >= {from:DateTime64(6, 'UTC')}
    AND published_time < {to:DateTime64(6, 'UTC')}
ORDER BY published_time, upto_sequence

-- Question: what are the bars of some minutes, from all of their stored ticks?
-- Grain:    one row per (broker, symbol, minute)
-- Params:   minutes: a condition on symbol, broker and received_time of `ticks`, put in by sinks.bars
--
-- Nothing depends on the order the rows are read in, so a recomputation gives the same bar: open and close go by
-- (received_time, offset), as one number (a tuple costs four times as much); the mean is taken over whole nano-units of
-- price, because a sum of doubles is another one in another order.
INSERT INTO bars_1m
(
    broker, symbol, minute, open, high, low, close, bid_high, bid_low, ask_high, ask_low, spread_mean,
    ticks, crossed, rows, computed_at
)
WITH sumIf(spread_nano, fit) / greatest(countIf(fit), 1) / 1e9 AS spread
SELECT
    broker,
    symbol,
    toStartOfMinute(received_time) AS minute,
    argMinIf(mid, at, fit),
    maxIf(mid, fit),
    minIf(mid, fit),
    argMaxIf(mid, at, fit),
    maxIf(bid, fit),
    minIf(bid, fit),
    maxIf(ask, fit),
    minIf(ask, fit),
    if(endsWith(symbol, 'JPY'), round(spread, 5), round(spread, 7)),
    countIf(fit),
    countIf(fit AND ask < bid),
    count(),
    now64(6, 'UTC')
FROM
(
    SELECT
        broker,
        symbol,
        received_time,
        bid,
        ask,
        if(endsWith(symbol, 'JPY'), round((bid + ask) / 2, 4), round((bid + ask) / 2, 6)) AS mid,
        bid > 0 AND ask > 0 AND isFinite(bid) AND isFinite(ask) AND bitAnd(flags, 4) = 0 AS fit, -- 4: BACKFILLED
        toInt64(greatest(-1e15, least(1e15, round(if(fit, ask - bid, 0) * 1e9)))) AS spread_nano, -- NaN cannot be whole
        bitShiftLeft(toUnixTimestamp64Micro(received_time) % 60000000, 37) + offset % 137438953472 AS at -- 2^37
    FROM ticks
    WHERE received_time >= '1970-01-01' AND received_time < '2106-01-01' -- what a minute's DateTime can hold
        AND {{minutes}}
)
GROUP BY broker, symbol, minute

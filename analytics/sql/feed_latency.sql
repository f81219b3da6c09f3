-- Question: how long were ticks on their way from each broker to its collector, in a span?
-- Grain:    one row per (broker, symbol) with ticks of the span that have the broker's time
-- Params:   from DateTime64 inclusive, to DateTime64 exclusive: the sessions' clock
--
-- p99_us: 99 % of the span's ticks came in seconds whose own 99 % quantile was at most this, less the clock offset. The offset
-- is what even quick ticks take: each of the ten minutes before the span's end has its lowest median, and the third lowest of
-- them counts (tierfeed/domain/selection.py says the same of the lead).
WITH
    minutes AS
    (
        SELECT broker, symbol, toStartOfMinute(window_start) AS minute, min(latency_p50_us) AS low
        FROM quality_windows
        WHERE window_start >= {to:DateTime64(6, 'UTC')} - INTERVAL 10 MINUTE AND window_start < {to:DateTime64(6, 'UTC')}
            AND latency_p50_us IS NOT NULL AND symbol != ''
        GROUP BY broker, symbol, minute
    ),
    offsets AS
    (
        SELECT broker, symbol, arraySort(groupArray(low)) AS lows, lows[least(3, length(lows))] AS offset_us
        FROM minutes
        GROUP BY broker, symbol
    )
SELECT
    broker,
    symbol,
    sum(w.ticks) AS ticks,
    quantileExactWeighted(0.99)(w.latency_p99_us, toUInt64(w.ticks)) - any(offset_us) AS p99_us
FROM quality_windows AS w
INNER JOIN offsets USING (broker, symbol)
WHERE w.window_start >= {from:DateTime64(6, 'UTC')} AND w.window_start < {to:DateTime64(6, 'UTC')}
    AND w.latency_p99_us IS NOT NULL AND w.ticks > 0
GROUP BY broker, symbol
ORDER BY broker, symbol

-- Question: which brokers look like one feed?
-- Grain:    one row per (symbol, pair of brokers) that both ticked, the more alike first
-- Params:   from DateTime64 inclusive, to DateTime64 exclusive: of the brokers' own clocks
--
-- Two independent venues share few event times, by chance; two sellers of one feed share nearly all, whatever they add to the
-- spread. shared_percent: moments of the one with fewer that the other has, too, to the millisecond. A clock that is off by whole
-- hours would hide it: offset_h, the whole hours between the clocks that give the most. gaps: silences of more than a minute, of
-- the one with fewer; shared_gaps: those that the other has, too, to 100 ms. looks_like_one: half of the moments are shared.
WITH
    moments AS
    (
        SELECT DISTINCT broker, symbol, toUnixTimestamp64Milli(toDateTime64(event_time, 3, 'UTC')) AS at
        FROM ticks
        WHERE event_time >= {from:DateTime64(6, 'UTC')} AND event_time < {to:DateTime64(6, 'UTC')}
    ),
    shifted AS
    (
        SELECT broker, symbol, at, at % 3600000 AS within, intDiv(at, 3600000) AS hour FROM moments
    ),
    counts AS
    (
        SELECT broker, symbol, count() AS n FROM moments GROUP BY broker, symbol
    ),
    pairs AS
    (
        SELECT a.symbol AS symbol, a.broker AS one, b.broker AS other, b.hour - a.hour AS offset_h, count() AS shared
        FROM shifted AS a
        INNER JOIN shifted AS b ON a.symbol = b.symbol AND a.within = b.within
        WHERE a.broker < b.broker AND abs(b.hour - a.hour) <= 12
        GROUP BY symbol, one, other, offset_h
        ORDER BY shared DESC, abs(offset_h)
        LIMIT 1 BY symbol, one, other
    ),
    silences AS
    (
        SELECT broker, symbol, prior AS began, at AS ended
        FROM
        (
            SELECT broker, symbol, at, lagInFrame(at, 1, at) OVER (
                PARTITION BY broker, symbol ORDER BY at ROWS BETWEEN 1 PRECEDING AND CURRENT ROW
            ) AS prior
            FROM moments
        )
        WHERE at - prior > 60000
    ),
    gaps AS
    (
        SELECT broker, symbol, count() AS n FROM silences GROUP BY broker, symbol
    ),
    alike AS
    (
        SELECT pairs.symbol AS symbol, pairs.one AS one, pairs.other AS other, count() AS shared_gaps
        FROM pairs
        INNER JOIN silences AS a ON a.symbol = pairs.symbol AND a.broker = pairs.one
        INNER JOIN silences AS b ON b.symbol = pairs.symbol AND b.broker = pairs.other
        WHERE abs(b.began - a.began - pairs.offset_h * 3600000) <= 100
            AND abs(b.ended - a.ended - pairs.offset_h * 3600000) <= 100
        GROUP BY symbol, one, other
    )
SELECT
    toString(pairs.symbol) AS symbol,
    toString(pairs.one) AS one,
    toString(pairs.other) AS other,
    pairs.offset_h AS offset_h,
    pairs.shared AS shared,
    round(100 * pairs.shared / least(c1.n, c2.n), 2) AS shared_percent,
    least(g1.n, g2.n) AS gaps,
    alike.shared_gaps AS shared_gaps,
    pairs.shared * 2 >= least(c1.n, c2.n) AS looks_like_one
FROM pairs
INNER JOIN counts AS c1 ON c1.symbol = pairs.symbol AND c1.broker = pairs.one
INNER JOIN counts AS c2 ON c2.symbol = pairs.symbol AND c2.broker = pairs.other
LEFT JOIN gaps AS g1 ON g1.symbol = pairs.symbol AND g1.broker = pairs.one
LEFT JOIN gaps AS g2 ON g2.symbol = pairs.symbol AND g2.broker = pairs.other
LEFT JOIN alike ON alike.symbol = pairs.symbol AND alike.one = pairs.one AND alike.other = pairs.other
ORDER BY shared_percent DESC, symbol, one, other

-- Question: which brokers made the best bid and the best ask of some records of tiers, and what do the records count for?
-- Grain:    one row per record; names has one for each side that the record has, empty where nobody can be named
-- Params:   records: a condition on `tier_quotes`, put in by sinks.rollups
--
-- The record's own word goes first. Else whoever is alone in question: `sources` names every broker of the tier, admitted ones
-- too, of which anything had come; where it is empty, the tier's version in force does. Else the one whose tick it was, by its
-- symbol, price and received_time (as_of_time less the age); of several the tier's order decides, which is that of `sources`.
-- A tick that came behind a newer one of another broker counts as received with that one, for as_of_time never goes back: so
-- it is the newest tick of that price that was received by then, in the last ten seconds.
WITH
    versions AS
    (
        SELECT tier, valid_from, if(active, brokers, []) AS in_order FROM tier_versions
    ),
    asked AS
    (
        SELECT DISTINCT
            symbol,
            arrayJoin(arrayFilter(side -> side.2 IS NOT NULL, [(bid, bid_age_us), (ask, ask_age_us)])) AS side,
            assumeNotNull(side.1) AS price,
            toUnixTimestamp64Micro(as_of_time) - assumeNotNull(side.2) AS at_us
        FROM tier_quotes
        WHERE {{records}} AND length(sources.broker) != 1 AND (bid_broker IS NULL OR ask_broker IS NULL)
    ),
    (SELECT (min(at_us) - 10000000, max(at_us)) FROM asked) AS span_us,
    bidden AS
    (
        SELECT symbol, toUnixTimestamp64Micro(received_time) AS at_us, bid AS price, groupUniqArray(toString(broker)) AS who
        FROM ticks
        WHERE received_time >= fromUnixTimestamp64Micro(span_us.1, 'UTC')
            AND received_time <= fromUnixTimestamp64Micro(span_us.2, 'UTC')
            AND bitAnd(flags, 4) = 0 -- 4: BACKFILLED
            AND (symbol, price) IN (SELECT symbol, price FROM asked)
        GROUP BY symbol, at_us, price
    ),
    offered AS
    (
        SELECT symbol, toUnixTimestamp64Micro(received_time) AS at_us, ask AS price, groupUniqArray(toString(broker)) AS who
        FROM ticks
        WHERE received_time >= fromUnixTimestamp64Micro(span_us.1, 'UTC')
            AND received_time <= fromUnixTimestamp64Micro(span_us.2, 'UTC')
            AND bitAnd(flags, 4) = 0
            AND (symbol, price) IN (SELECT symbol, price FROM asked)
        GROUP BY symbol, at_us, price
    ),
    quotes AS
    (
        SELECT
            tier, symbol, toStartOfHour(published_time) AS hour, topic_id, partition, offset, published_time,
            greatest(conflated_count, 0) AS conflated,
            state IN ('NORMAL', 'LOCKED') AS usable,
            received_time IS NOT NULL AS timed,
            ifNull(dateDiff('microsecond', received_time, published_time), 0) AS waited_us,
            dateDiff('microsecond', greatest(as_of_time, due_time), published_time) AS pipeline_us,
            bid, ask, bid_broker, ask_broker, `sources.broker` AS came,
            ifNull(bid, 0) AS bid_price, ifNull(ask, 0) AS ask_price,
            ifNull(toUnixTimestamp64Micro(as_of_time) - bid_age_us, 0) AS bid_us,
            ifNull(toUnixTimestamp64Micro(as_of_time) - ask_age_us, 0) AS ask_us
        FROM tier_quotes
        WHERE {{records}}
    )
SELECT
    quotes.tier AS tier, quotes.symbol AS symbol, hour, topic_id, partition, offset,
    conflated, usable, timed, waited_us, pipeline_us,
    if(empty(came), versions.in_order, came)::Array(String) AS meant,
    arrayConcat(
        if(bid IS NULL, [], [multiIf(
            bid_broker IS NOT NULL, toString(assumeNotNull(bid_broker)),
            length(meant) = 1, meant[1],
            bid_us - bidden.at_us > 10000000, '',
            empty(meant), arraySort(bidden.who)[1],
            arrayFirst(name -> has(bidden.who, name), meant)
        )]),
        if(ask IS NULL, [], [multiIf(
            ask_broker IS NOT NULL, toString(assumeNotNull(ask_broker)),
            length(meant) = 1, meant[1],
            ask_us - offered.at_us > 10000000, '',
            empty(meant), arraySort(offered.who)[1],
            arrayFirst(name -> has(offered.who, name), meant)
        )])
    ) AS names
FROM quotes
ASOF LEFT JOIN versions ON quotes.tier = versions.tier AND quotes.published_time >= versions.valid_from
ASOF LEFT JOIN bidden ON quotes.symbol = bidden.symbol AND quotes.bid_price = bidden.price AND quotes.bid_us >= bidden.at_us
ASOF LEFT JOIN offered ON quotes.symbol = offered.symbol AND quotes.ask_price = offered.price AND quotes.ask_us >= offered.at_us

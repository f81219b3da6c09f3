-- Question: from where on does a broker's topic have to be read to see how its sessions were before a moment?
-- Grain:    one row, none where nothing of the broker is stored from the hour before
-- Params:   broker String, at DateTime64: the sessions' clock
--
-- The newest tick that was received five beats before the moment, else the oldest one since then: every partition has the records
-- of every session. lines: those that ticked in the minute before.
SELECT
    toString(topic) AS topic,
    partition,
    offset,
    (
        SELECT arraySort(groupUniqArray(toString(line)))
        FROM ticks
        WHERE broker = {broker:String} AND bitAnd(flags, 4) = 0
            AND received_time > {at:DateTime64(6, 'UTC')} - INTERVAL 1 MINUTE
            AND received_time <= {at:DateTime64(6, 'UTC')} + INTERVAL 1 SECOND
    ) AS lines
FROM ticks
WHERE broker = {broker:String} AND bitAnd(flags, 4) = 0
    AND received_time > {at:DateTime64(6, 'UTC')} - INTERVAL 1 HOUR AND received_time <= {at:DateTime64(6, 'UTC')} + INTERVAL 1 SECOND
ORDER BY
    received_time <= {at:DateTime64(6, 'UTC')} - INTERVAL 5 SECOND DESC,
    abs(dateDiff('us', received_time, {at:DateTime64(6, 'UTC')} - INTERVAL 5 SECOND)),
    topic_id, partition, offset
LIMIT 1

-- Question: how many bytes was each tenant sent, and how many do the commits of its groups explain?
-- Grain:    one row per tenant that was sent anything or read anything
-- Params:   answer UInt32 and place UInt32: bytes of an answer without records, and of each partition in it,
--           idle UInt32: answers a second that find nothing, from DateTime64 inclusive, to DateTime64 exclusive: whole minutes
--
-- What usage_bytes.sql tells of one tenant, whose head says how. No row where no node answered in the span.
WITH
    (
        SELECT minOrNull(minute)
        FROM principal_bytes
        WHERE principal = '' AND covered_s > 0
            AND minute >= {from:DateTime64(6, 'UTC')} AND minute < {to:DateTime64(6, 'UTC')}
    ) AS asked_from,
    (
        SELECT sum(known_s)
        FROM
        (
            SELECT min(covered_s) AS known_s
            FROM principal_bytes FINAL
            WHERE principal = '' AND minute >= {from:DateTime64(6, 'UTC')} AND minute < {to:DateTime64(6, 'UTC')}
            GROUP BY minute
        )
    ) AS known_s,
    told AS
    (
        SELECT DISTINCT
            toString(tenant) AS tenant, consumer_group, read_topic, read_partition, pass,
            assumeNotNull(from_offset) AS first, to_offset AS past
        FROM usage_ranges
        WHERE kind = 'CONSUMED' AND from_offset < to_offset AND committed_at >= asked_from AND committed_at < {to:DateTime64(6, 'UTC')}
    ),
    islands AS
    (
        SELECT tenant, consumer_group, read_topic, read_partition, pass, max(past) - min(first) AS offsets
        FROM
        (
            SELECT *, sum(begins) OVER (
                PARTITION BY tenant, consumer_group, read_topic, read_partition, pass ORDER BY first, past ROWS UNBOUNDED PRECEDING
            ) AS island
            FROM
            (
                SELECT *, first > max(past) OVER (
                    PARTITION BY tenant, consumer_group, read_topic, read_partition, pass ORDER BY first, past
                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                ) AS begins
                FROM told
            )
        )
        GROUP BY tenant, consumer_group, read_topic, read_partition, pass, island
    ),
    sizes AS
    (
        SELECT
            topic,
            partition,
            sum(bytes) / sum(offsets) AS per_offset,
            {answer:UInt32} + {place:UInt32} * count() OVER (PARTITION BY topic) AS around
        FROM log_sizes FINAL
        WHERE minute >= {from:DateTime64(6, 'UTC')} AND minute < {to:DateTime64(6, 'UTC')}
        GROUP BY topic, partition
    ),
    explained AS
    (
        SELECT
            islands.tenant AS tenant,
            sumIf(islands.offsets, sizes.per_offset = 0) AS unsized,
            uniqExact(islands.consumer_group) AS groups,
            toUInt64(round(
                sum(islands.offsets * (sizes.per_offset + sizes.around)) + groups * {idle:UInt32} * max(sizes.around) * known_s
            )) AS bytes
        FROM islands
        LEFT JOIN sizes ON sizes.topic = islands.read_topic AND sizes.partition = toUInt32(islands.read_partition)
        GROUP BY tenant
    ),
    sent AS
    (
        SELECT toString(principal) AS tenant, sum(bytes) AS bytes
        FROM principal_bytes FINAL
        WHERE minute >= {from:DateTime64(6, 'UTC')} AND minute < {to:DateTime64(6, 'UTC')}
            AND principal IN (SELECT tenant FROM tenant_versions UNION DISTINCT SELECT tenant FROM usage_ranges)
        GROUP BY tenant
    )
SELECT
    if(sent.tenant = '', explained.tenant, sent.tenant) AS tenant,
    asked_from,
    known_s AS asked_s,
    sent.bytes AS sent,
    ifNull(explained.bytes, 0) AS explained,
    explained.unsized AS unsized
FROM sent
FULL OUTER JOIN explained ON explained.tenant = sent.tenant
WHERE asked_from IS NOT NULL
ORDER BY tenant

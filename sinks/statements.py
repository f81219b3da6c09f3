"""The SQL of exactly once.

One insert is one statement that decides by itself, when it runs, what may be stored: the owner of every partition in it
must still be the one who sends it, and of each partition only offsets beyond the highest stored one pass. Why two
inserts for one partition cannot interleave between looking and storing:

- A sink takes a partition over by writing itself into sink_owners, *then* ending every insert that runs, *then* reading
  the highest stored offset.
- An insert of the sink before that began to run before the owner was written: it is ended, or had finished, before the
  offset is read. Or it began after: it finds another owner and stores nothing. There is no third case, because a
  statement is in the server's list, where it can be ended, before it looks at anything.
- Within one tenure a table has one insert at a time, and one that was lost sight of is ended before it is repeated.

The statement also refuses when less is stored than its sender was told. A server that lost its last parts with its
power, or a table that somebody emptied, would otherwise get what comes next, behind a gap that nobody would read again.

None of this needs a token. It is sent all the same, against a proxy in between that repeats a request.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from sinks.port import Place, Rows
from sinks.tables import Table

FENCED: Final = "tierfeed: another sink owns a partition of this insert"
LOST: Final = "tierfeed: rows that were stored are gone"
OWNERS: Final = "sink_owners"
_STAMPED: Final = ("topic", "topic_id", "partition", "offset", "append_time", "stored_at")


def text(value: str) -> str:
    """A string literal."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def insert(rows: Rows, owner: str, known: Sequence[int]) -> str:
    """Store what is not stored yet of `rows`, which follow as a stream of Arrow, if `owner` owns every place of theirs.

    `known`: per span, below which offset everything was stored when its owner last heard of it.
    """
    table, places = rows.table, [span.place for span in rows.spans]
    names = [column.name for column in table.columns]
    values = [column.label for column in table.columns]
    if table.tiered:
        names, values = ["tier", *names], ["tiers[place]", *values]
    targets = ", ".join(f"`{name}`" for name in (*names, *_STAMPED))
    stamps = "topics[place], ids[place], partitions[place], offset, append_time, now64(6, 'UTC')"
    return f"""INSERT INTO {table.name} ({targets})
WITH
    {_constants(places, rows.tiers if table.tiered else None)},
    arrayZip(ids, partitions) AS keys,
    (
        SELECT (groupArray((topic_id, partition)), groupArray(following)) FROM
        (SELECT topic_id, partition, max(offset) + 1 AS following FROM {table.name} GROUP BY topic_id, partition)
    ) AS stored,
    arrayMap(key -> stored.2[indexOf(stored.1, key)], keys) AS next_offsets,
    (
        SELECT count() FROM
        (SELECT topic_id, partition, argMax(owner, epoch) AS owner FROM {OWNERS} GROUP BY topic_id, partition)
        WHERE owner = {text(owner)} AND has(keys, (topic_id, partition))
    ) AS owned
SELECT {", ".join(values)}, {stamps}
FROM input({text(table.structure)})
WHERE throwIf(owned != {len(places)}, {text(FENCED)}) = 0
    AND throwIf(arrayExists((next, known) -> next < known, next_offsets, {list(known)}), {text(LOST)}) = 0
    AND offset >= next_offsets[place]
FORMAT ArrowStream"""


def own(places: Sequence[Place], owner: str) -> str:
    """Make `owner` the owner of the places, later than every other."""
    return f"""INSERT INTO {OWNERS} (topic_id, partition, owner, epoch)
WITH (SELECT max(epoch) FROM {OWNERS}) AS latest
SELECT topic_id, partition, {text(owner)}, latest + 1
FROM values('topic_id UUID, partition UInt32', {_keys(places)})"""


def kill(prefix: str) -> str:
    """End the statements whose query id begins so. Gives a row for each that ran."""
    return f"KILL QUERY WHERE startsWith(query_id, {text(prefix)}) SYNC"


def stored(table: Table, places: Iterable[Place]) -> str:
    """topic_id, partition, one past the highest stored offset, highest epoch; no row where nothing is stored."""
    epoch = "max(epoch)" if table.tiered else "-1"
    return f"""SELECT topic_id, partition, max(offset) + 1, {epoch}
FROM {table.name} WHERE (topic_id, partition) IN ({_keys(places)}) GROUP BY topic_id, partition"""


def table_ids(tables: Iterable[Table]) -> str:
    """name, uuid of the tables."""
    names = ", ".join(text(table.name) for table in tables)
    return f"SELECT name, toString(uuid) FROM system.tables WHERE database = currentDatabase() AND name IN ({names})"


def _keys(places: Iterable[Place]) -> str:
    return ", ".join(f"('{place.topic_id}', {place.partition})" for place in places)


def _constants(places: Sequence[Place], tiers: Mapping[str, str] | None) -> str:
    """What the index `place` of a row stands for, as arrays."""
    topics = sorted({(place.topic, str(place.topic_id)) for place in places})
    codes = [topics.index((place.topic, str(place.topic_id))) + 1 for place in places]
    arrays = [
        f"{codes}::Array(UInt16) AS of_topic",
        f"arrayMap(code -> {_texts(topic for topic, _ in topics)}[code], of_topic) AS topics",
        f"arrayMap(code -> {_texts(topic_id for _, topic_id in topics)}::Array(UUID)[code], of_topic) AS ids",
        f"{[place.partition for place in places]}::Array(UInt32) AS partitions",
    ]
    if tiers is not None:
        arrays.append(f"arrayMap(code -> {_texts(tiers[topic] for topic, _ in topics)}[code], of_topic) AS tiers")
    return ",\n    ".join(arrays)


def _texts(values: Iterable[str]) -> str:
    return "[" + ", ".join(map(text, values)) + "]"

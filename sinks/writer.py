"""The sink on ClickHouse: exactly once, because the offsets live with the rows. sinks.statements says why it holds."""

import hashlib
import itertools
import time
import uuid
from collections.abc import Collection, Mapping
from typing import Any, Final

import pyarrow as pa

from infra.metrics import Metric, count
from sinks import statements
from sinks.connection import Connection, Patience
from sinks.port import Place, Rows, Stored
from sinks.tables import Table
from tierfeed.errors import UpstreamError
from tierfeed.settings import ClickHouseSettings

INSERT_SETTINGS: Final[Mapping[str, Any]] = {
    # One block, whatever its size, so that one insert is one part: all of it or nothing.
    "max_insert_threads": 1,
    "max_block_size": 1 << 24,
    "min_insert_block_size_rows": 1 << 40,
    "min_insert_block_size_bytes": 0,
    "insert_deduplicate": 1,
    "async_insert": 0,
    # The look at the highest offsets reads a few bytes of each part, from the page cache. Other threads to compute and
    # to read cost as much as the looking: of 20 parts 6.9 ms of CPU, without them 3.5.
    "max_threads": 1,
    "local_filesystem_read_method": "pread",
}
KILL_PAUSE_S: Final = 0.05


class ClickHouseSink:
    """Every sink that writes to one database takes partitions over from every other one."""

    def __init__(self, settings: ClickHouseSettings, patience: Patience | None = None) -> None:
        self.connection = Connection(settings, patience)
        self._prefix = f"tierfeed-{settings.database}-insert-"
        self._instance = uuid.uuid4().hex[:12]
        self._tenures = itertools.count(1)

    def take_over(self, places: Collection[Place], tables: Mapping[str, Table]) -> "ClickHouseTenure":
        owner = f"{self._instance}-{next(self._tenures)}"

        def attempt(_: int) -> ClickHouseTenure:
            # The order matters: see sinks.statements.
            if places:
                self.connection.command(statements.own(sorted(places), owner))
                end_inserts(self.connection, self._prefix)
            stored = ask(self.connection, places, tables)
            table_ids = dict(self.connection.query(statements.table_ids(tables.values())))
            return ClickHouseTenure(self.connection, owner, f"{self._prefix}{owner}-", stored, table_ids)

        return self.connection.insist(attempt, "take partitions over")

    def close(self) -> None:
        self.connection.close()


class ClickHouseTenure:
    """Writes as `owner` while the places are this owner's."""

    def __init__(
        self,
        connection: Connection,
        owner: str,
        prefix: str,
        stored: Mapping[Place, Stored],
        table_ids: Mapping[str, str],
    ) -> None:
        self.stored = stored
        self.table_ids = table_ids
        self._connection = connection
        self._owner = owner
        self._prefix = prefix
        self._numbers = itertools.count(1)
        self._known = {place: each.next_offset for place, each in stored.items()}

    def store(self, rows: Rows) -> None:
        prefix = f"{self._prefix}{rows.table.name}-"
        known = [self._known[span.place] for span in rows.spans]
        body = _body(statements.insert(rows, self._owner, known), rows.batch)
        settings = {**INSERT_SETTINGS, "insert_deduplication_token": token(rows)}

        def attempt(number: int) -> None:
            if number:
                count(Metric.SINK_INSERTS, table=rows.table.name, outcome="failed")
                # The attempt before may have come through, or still be running: find out before repeating it.
                end_inserts(self._connection, prefix)
                if self._is_stored(rows):
                    return
            settings["query_id"] = f"{prefix}{next(self._numbers)}"
            self._connection.insert(body, settings)

        self._connection.insist(attempt, f"store {rows.count} rows in {rows.table.name}")
        self._known |= {span.place: max(span.last_offset + 1, self._known[span.place]) for span in rows.spans}

    def _is_stored(self, rows: Rows) -> bool:
        places = [span.place for span in rows.spans]
        stored = ask(self._connection, places, {place.topic: rows.table for place in places})
        return all(span.last_offset < stored[span.place].next_offset for span in rows.spans)


def end_inserts(connection: Connection, prefix: str) -> None:
    """End the statements whose query id begins so; none of them runs when this returns. Raises UpstreamError."""
    deadline_s = time.monotonic() + connection.patience.answer_s
    while ended := connection.command(statements.kill(prefix)):
        if time.monotonic() > deadline_s:
            raise UpstreamError(f"ClickHouse at {connection.url} does not end an insert: {ended}")
        time.sleep(KILL_PAUSE_S)


def ask(connection: Connection, places: Collection[Place], tables: Mapping[str, Table]) -> dict[Place, Stored]:
    """What is stored of `places`. Raises UpstreamError."""
    answer: dict[Place, Stored] = {}
    for table in {tables[place.topic].name: tables[place.topic] for place in places}.values():
        mine = [place for place in places if tables[place.topic].name == table.name]
        rows = connection.query(statements.stored(table, mine))
        found = {(topic_id, partition): Stored(following, epoch) for topic_id, partition, following, epoch in rows}
        answer |= {place: found.get((place.topic_id, place.partition), Stored()) for place in mine}
    return answer


def token(rows: Rows) -> str:
    """Same offsets, same token, whoever sends them."""
    spans = ";".join(f"{span.place.topic_id}/{span}" for span in rows.spans)
    return f"{rows.table.name}-{hashlib.sha256(spans.encode()).hexdigest()}"


def _body(statement: str, batch: Any) -> memoryview:
    """The statement and its rows, in one piece of memory."""
    out = pa.BufferOutputStream()
    out.write(f"{statement}\n".encode())
    with pa.ipc.new_stream(out, batch.schema) as writer:
        writer.write_batch(batch)
    return memoryview(out.getvalue())

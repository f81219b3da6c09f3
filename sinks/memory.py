"""A sink in memory, for tests: it passes the same contract as the one on ClickHouse."""

import itertools
from collections.abc import Collection, Mapping
from typing import Any

from sinks.port import Place, Rows, Stored
from sinks.tables import TABLES, Table
from tierfeed.errors import FencedError


class MemorySink:
    """Keeps rows as dicts, by table name, in `rows`."""

    def __init__(self) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = {}
        self._stored: dict[Place, Stored] = {}
        self._owners: dict[Place, int] = {}
        self._tenures = itertools.count(1)

    def take_over(self, places: Collection[Place], tables: Mapping[str, Table]) -> "MemoryTenure":
        owner = next(self._tenures)
        self._owners |= dict.fromkeys(places, owner)
        return MemoryTenure(self, owner, {place: self._stored.get(place, Stored()) for place in places})

    def close(self) -> None:
        """Nothing to let go of."""

    def store(self, rows: Rows, owner: int) -> None:
        """What MemoryTenure.store does."""
        places = [span.place for span in rows.spans]
        if lost := [place for place in places if self._owners.get(place) != owner]:
            raise FencedError(f"another sink owns {lost[0]}")
        before = {place: self._stored.get(place, Stored()) for place in places}
        for row in rows.batch.to_pylist():
            place = places[row.pop("place") - 1]
            if row["offset"] >= before[place].next_offset:
                self.rows.setdefault(rows.table.name, []).append({"at": place, **row})
                highest = self._stored.get(place, Stored())
                epoch = row["epoch"] if rows.table.tiered else -1
                self._stored[place] = Stored(max(highest.next_offset, row["offset"] + 1), max(highest.epoch, epoch))


class MemoryTenure:
    """The right to write to a MemorySink."""

    def __init__(self, sink: MemorySink, owner: int, stored: Mapping[Place, Stored]) -> None:
        self.stored = stored
        self.table_ids = {table.name: str(id(sink)) for table in TABLES}
        self._sink = sink
        self._owner = owner

    def store(self, rows: Rows) -> None:
        self._sink.store(rows, self._owner)

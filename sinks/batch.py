"""Fetched batches of several partitions in, one Arrow batch for one table out; what is not stored leaves as a value.

The work is done on columns over everything that waited for one insert, not per fetched batch: a live feed comes in many
batches of a few records each.
"""

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from schemas import catalogue
from schemas.catalogue import Schema
from schemas.codec import NO_SCHEMA, Columns, Decoder, Frame
from sinks.columns import arrays, numbers, primitive
from sinks.port import Place, Rows, Span
from sinks.tables import Route

Longs = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

CONTROLS: Final = frozenset({"SessionRecord", "TierControl"})
KIND_HEADER: Final = "kind"
NO_EPOCH: Final = -1
BY_ID: Final[Mapping[int, Schema]] = {entry.id: entry for entry in catalogue.ALL}


class Unstored(StrEnum):
    """Why a record is in no table. Every record is stored or counted under one of these."""

    CONTROL = "control"
    """Session records and tier controls: they are for those who read along."""
    UNKNOWN_KIND = "unknown_kind"
    """A control record of a kind that a later version writes."""
    STALE_EPOCH = "stale_epoch"
    """Of a stream worker that had lost the partition already, behind a record of its successor. Expected: none."""
    POISON = "poison"
    """Not a record of the topic's schema."""


class Fetched(Protocol):
    """What the transport delivers of one partition: see infra.batches.FetchedBatch."""

    @property
    def messages(self) -> Sequence[Any]: ...

    @property
    def payloads(self) -> Sequence[bytes | None]: ...

    def offsets(self) -> Longs: ...

    def append_times_ms(self) -> Longs: ...


@dataclass(frozen=True, slots=True)
class Poison:
    """A record that is not what its topic carries, as it came."""

    place: Place
    offset: int
    key: bytes | None
    value: bytes | None
    error: str


@dataclass(slots=True)
class Reading:
    """What became of the records: `rows` to store (None where there are none), poison, counts of what is not stored.

    `epochs` is the highest epoch met so far of each place.
    """

    epochs: dict[Place, int]
    rows: Rows | None = None
    poison: list[Poison] = field(default_factory=list)
    unstored: Counter[tuple[str, Unstored]] = field(default_factory=Counter)


def read(
    fetched: Iterable[tuple[Place, Fetched]],
    routes: Mapping[str, Route],
    epochs: Mapping[Place, int],
    by_id: Mapping[int, Schema] = BY_ID,
) -> Reading:
    """Read batches of topics that go to one table; a place's batches come in offset order.

    `epochs`: the highest epoch met before, of each place. `by_id`: schemas by the id they have on the wire.
    """
    runs: dict[Place, list[Fetched]] = {}
    for place, batch in fetched:
        if batch.messages:
            runs.setdefault(place, []).append(batch)
    reading = Reading(dict(epochs))
    if runs:
        _Reader(runs, routes, by_id, reading).read()
    return reading


def joined(readings: Sequence[Reading]) -> Reading:
    """Readings of one table, one after another and at least one, as a single one. Leaves them as they are."""
    whole = Reading(readings[-1].epochs)
    whole.rows = _joined([reading.rows for reading in readings if reading.rows is not None])
    for reading in readings:
        whole.poison += reading.poison
        whole.unstored += reading.unstored
    return whole


def _joined(parts: Sequence[Rows]) -> Rows | None:
    if len(parts) < 2:
        return parts[0] if parts else None
    spans: dict[Place, Span] = {}
    for span in itertools.chain.from_iterable(rows.spans for rows in parts):
        first = spans.get(span.place, span).first_offset
        spans[span.place] = Span(span.place, first, span.last_offset)
    code = {place: number for number, place in enumerate(spans, start=1)}
    batches = [_recoded(rows, [code[span.place] for span in rows.spans]) for rows in parts]
    tiers = dict(itertools.chain.from_iterable(rows.tiers.items() for rows in parts))
    return Rows(parts[0].table, tuple(spans.values()), _one(batches), tiers)


def _recoded(rows: Rows, codes: Sequence[int]) -> Any:
    """The batch, with `codes` for the numbers its places have."""
    place = rows.table.arrow.field(0)
    renumbered = np.array([0, *codes], dtype=np.uint16)[numbers(rows.batch.column(0), np.uint16)]
    return rows.batch.set_column(0, place, primitive(place.type, renumbered))


@cache
def _decoder(schema: Schema, schema_id: int) -> Decoder:
    return Decoder(schema, schema_id)


class _Reader:
    """The records of all batches laid end to end, place by place, each place in offset order."""

    def __init__(
        self,
        runs: Mapping[Place, list[Fetched]],
        routes: Mapping[str, Route],
        by_id: Mapping[int, Schema],
        reading: Reading,
    ) -> None:
        self.places = tuple(runs)
        self.routes = [routes[place.topic] for place in self.places]
        self.table = self.routes[0].table
        self.by_id = by_id
        self.batches = [batch for run in runs.values() for batch in run]
        self.ends = np.cumsum([sum(len(batch.messages) for batch in run) for run in runs.values()], dtype=np.int64)
        self.frame = Frame.of([payload for batch in self.batches for payload in batch.payloads])
        self.offsets = np.concatenate([batch.offsets() for batch in self.batches])
        self.place_of = np.repeat(np.arange(len(self.places)), np.diff(self.ends, prepend=0))
        self.epoch_of = np.full(len(self.frame) if self.table.tiered else 0, NO_EPOCH, dtype=np.int64)
        self.reading = reading

    def read(self) -> None:
        decoded = []
        for schema_id in np.unique(self.frame.ids).tolist():
            rows, schema = self.frame.rows(schema_id), self.by_id.get(schema_id)
            if schema is None:
                self._unreadable(rows, schema_id)
                continue
            columns = _decoder(schema, schema_id).decode(self.frame, rows)
            self._dead(rows[~columns.ok], f"the body is not a {schema.name} (schema id {schema_id})")
            if schema.name in CONTROLS:
                self._count(rows[columns.ok], Unstored.CONTROL)
                self._note_epochs(rows, columns, columns.ok)
            else:
                belongs = self._belongs(rows, columns, schema)
                self._note_epochs(rows, columns, belongs)
                decoded.append((rows, columns, belongs))
        if self.table.tiered:
            stale = self._stale(self.reading.epochs)
            for rows, _, keep in decoded:
                self._count(rows[keep & stale[rows]], Unstored.STALE_EPOCH)
                keep &= ~stale[rows]
        kept = [part for part in decoded if part[2].any()]
        if kept:
            self.reading.rows = self._rows(kept)
        # in order per partition: the last dead letter tells up to where they were sent
        self.reading.poison.sort(key=lambda poison: (poison.place, poison.offset))

    def _belongs(self, rows: Longs, columns: Columns, schema: Schema) -> Bools:
        """Which of the decoded rows are on a topic that carries their schema; the others are poison."""
        meant = np.array([route.record == schema.name for route in self.routes])[self.place_of[rows]]
        self._dead(rows[~meant & columns.ok], f"a {schema.name} (schema id {schema.id}) does not belong on this topic")
        return meant & columns.ok

    # -- epochs

    def _note_epochs(self, rows: Longs, columns: Columns, which: Bools) -> None:
        if self.table.tiered and "epoch" in columns.fields:
            self.epoch_of[rows[which]] = columns.longs("epoch")[which]

    def _stale(self, epochs: dict[Place, int]) -> Bools:
        """Which records are of an older epoch than one before them in their partition."""
        stale = np.zeros(len(self.frame), dtype=np.bool_)
        start = 0
        for place, end in zip(self.places, self.ends.tolist(), strict=True):
            own = self.epoch_of[start:end]
            highest = np.maximum(np.maximum.accumulate(own), epochs.get(place, NO_EPOCH))
            stale[start:end] = (own != NO_EPOCH) & (own < highest)
            epochs[place] = int(highest[-1])
            start = end
        return stale

    # -- what is not stored

    def _unreadable(self, rows: Longs, schema_id: int) -> None:
        messages = self._messages()
        told = np.array([_has_kind(messages[row]) for row in rows.tolist()], dtype=np.bool_)
        self._count(rows[told], Unstored.UNKNOWN_KIND)
        error = "no wire format header" if schema_id == NO_SCHEMA else f"schema id {schema_id} is not known"
        self._dead(rows[~told], error)

    def _dead(self, rows: Longs, error: str) -> None:
        if not len(rows):
            return
        self._count(rows, Unstored.POISON)
        messages = self._messages()
        for row in rows.tolist():
            message, owner = messages[row], int(self.place_of[row])
            if self.routes[owner].owns_poison:
                offset = int(self.offsets[row])
                self.reading.poison.append(Poison(self.places[owner], offset, message.key(), message.value(), error))

    def _count(self, rows: Longs, reason: Unstored) -> None:
        for owner, count in zip(*np.unique(self.place_of[rows], return_counts=True), strict=True):
            self.reading.unstored[self.places[owner].topic, reason] += int(count)

    def _messages(self) -> list[Any]:
        return [message for batch in self.batches for message in batch.messages]

    # -- what is

    def _rows(self, parts: list[tuple[Longs, Columns, Bools]]) -> Rows:
        every = np.concatenate([rows[keep] for rows, _, keep in parts])
        owner_of = self.place_of[every]
        owners = np.flatnonzero(np.bincount(owner_of))
        code = np.zeros(len(self.places), dtype=np.uint16)
        code[owners] = np.arange(1, len(owners) + 1)
        spans = tuple(self._span(owner, self.offsets[every[owner_of == owner]]) for owner in owners.tolist())
        append_times = np.concatenate([batch.append_times_ms() for batch in self.batches])[every]
        front = [
            primitive(kind, values)
            for kind, values in zip(
                self.table.arrow.types, (code[owner_of], self.offsets[every], append_times), strict=False
            )
        ]
        batches = []
        for rows, columns, keep in parts:
            count = int(np.count_nonzero(keep))
            found = arrays(self.table, columns, None if count == len(rows) else keep)
            cut = [column.slice(0, count) for column in front]
            batches.append(pa.RecordBatch.from_arrays([*cut, *found], schema=self.table.arrow))
            front = [column.slice(count) for column in front]
        tiers = {route.topic: route.tier for route in self.routes if self.table.tiered}
        return Rows(self.table, spans, _one(batches), tiers)

    def _span(self, owner: int, offsets: Longs) -> Span:
        return Span(self.places[owner], int(offsets.min()), int(offsets.max()))


def _has_kind(message: Any) -> bool:
    return any(name == KIND_HEADER for name, _ in message.headers() or ())


def _one(batches: list[Any]) -> Any:
    """One record batch: one insert becomes one part only if it arrives as one block."""
    if len(batches) == 1:
        return batches[0]
    (batch,) = pa.Table.from_batches(batches).unify_dictionaries().combine_chunks().to_batches()
    return batch

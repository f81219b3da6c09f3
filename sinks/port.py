"""What a sink promises, whatever is behind it: each record of a partition once, however often it is offered.

A sink is written to under a *tenure*: taking a partition over ends every earlier tenure of it, also one whose owner was
suspended and wakes up later.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from sinks.tables import Table


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A partition of a topic. `topic_id` is Kafka's: a topic that was deleted and created again is another place."""

    topic: str
    topic_id: UUID
    partition: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}"


@dataclass(frozen=True, slots=True)
class Stored:
    """What is stored of a place: every record below `next_offset` that is to be stored, and none above."""

    next_offset: int = 0
    epoch: int = -1
    """The highest epoch among the stored records, -1 where they have none."""


@dataclass(frozen=True, slots=True)
class Span:
    """A place's share of a batch: its offsets lie within [first_offset, last_offset]."""

    place: Place
    first_offset: int
    last_offset: int

    def __str__(self) -> str:
        return f"{self.place}:{self.first_offset}-{self.last_offset}"


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one table. `batch` is an Arrow record batch of `table.arrow`; `place` counts `spans` from 1.

    Of a place there are all records up to `last_offset` that are not stored yet.
    """

    table: Table
    spans: tuple[Span, ...]
    batch: Any = field(repr=False)
    tiers: Mapping[str, str] = field(default_factory=dict)
    """The tier a topic carries, where the table has one."""

    @property
    def count(self) -> int:
        return int(self.batch.num_rows)


class Tenure(Protocol):
    """The right to write the rows of some places, until someone else takes them over."""

    @property
    def stored(self) -> Mapping[Place, Stored]:
        """What was stored of each place when it was taken over."""
        ...

    @property
    def table_ids(self) -> Mapping[str, str]:
        """What each table is, by name: another one, if it was dropped and created again."""
        ...

    def store(self, rows: Rows) -> None:
        """Store the rows that are not stored yet: all of them, or none where it raises. Blocks.

        Raises FencedError when a place was taken over meanwhile, or rows of one have gone; UpstreamError when nobody
        answered for too long: then the next tenure finds out what became of the rows.
        """
        ...


class Sink(Protocol):
    """Somewhere to keep rows."""

    def take_over(self, places: Collection[Place], tables: Mapping[str, Table]) -> Tenure:
        """Own `places` from now on; `tables` is by topic. Blocks. Raises UpstreamError.

        Nothing of an earlier tenure of theirs is stored after this returns.
        """
        ...

    def close(self) -> None: ...

"""From commits, in the order of the log, to the ranges of offsets that were consumed, replayed or skipped. Pure.

A commit says where a group is, not where it came from. What it moved over is told by the commit before, unless
- its metadata say `tierfeed from=N`: the group began to read at N (the SDK writes this after it has found its place),
- the group has no members at the time: somebody has set its position, and nobody has read anything.

What cannot be told: a client that moves forward by itself, without saying so, has consumed what it passed over.
"""

import re
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, NamedTuple

from tenants.meter.commits import Commit, Member, Members

BEGAN: Final = re.compile(r"tierfeed from=(\d+)")
FIRST_PASS: Final = 0


class Key(NamedTuple):
    """A group in a partition. A topic that was deleted and created again is another one."""

    group: str
    topic: str
    topic_id: str
    partition: int


class Kind(StrEnum):
    """Symbols of UsageRange.kind."""

    CONSUMED = "CONSUMED"
    SKIPPED = "SKIPPED"
    START_UNKNOWN = "START_UNKNOWN"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a commit stands in `__consumer_offsets`."""

    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Range:
    """Offsets [start, end) of one partition that a group has moved over. Empty ones mark where a pass begins."""

    key: Key
    kind: Kind
    start: int | None
    end: int
    pass_: int
    plain: bool
    """It goes on from the commit before, so the two may be told as one."""
    first_of_two: bool
    """Another range of the same commit follows."""
    committed_at_us: int
    source: Source

    @property
    def told_to(self) -> int:
        """Who has told this has told the log up to here; of a commit with two ranges only the second says that one."""
        return self.source.offset - self.first_of_two


@dataclass(frozen=True, slots=True)
class Position:
    """Where a group is in a partition, and in which pass over it: a new one begins whenever it goes back."""

    offset: int
    pass_: int = FIRST_PASS


@dataclass(slots=True)
class Groups:
    """Which groups have members. Of a group that nothing was heard of, nobody knows."""

    classic: dict[str, int] = field(default_factory=dict)
    members: dict[str, set[str]] = field(default_factory=dict)
    had: set[str] = field(default_factory=set)

    def hear(self, said: Members | Member) -> None:
        if isinstance(said, Members):
            self.classic[said.group] = said.count
            present = said.count > 0
        else:
            of_group = self.members.setdefault(said.group, set())
            (of_group.add if said.present else of_group.discard)(said.member)
            present = said.present
        if present:
            self.had.add(said.group)

    def is_deserted(self, group: str) -> bool:
        """It had members, and has none. One that never had any may be read by a consumer that joins no group."""
        return group in self.had and not self.classic.get(group) and not self.members.get(group)


@dataclass(slots=True)
class Ranges:
    """The state of all groups. `positions`: the memory."""

    positions: MutableMapping[Key, Position] = field(default_factory=dict)
    groups: Groups = field(default_factory=Groups)

    def hear(self, said: Commit | Members | Member, source: Source) -> Iterator[Range]:
        """What a record of the log adds."""
        if not isinstance(said, Commit):
            self.groups.hear(said)
            return
        key = Key(said.group, said.topic, said.topic_id or "", said.partition)
        deserted = self.groups.is_deserted(said.group)
        for move in _moves(self.positions.get(key), said, source, deserted):
            self.positions[key] = Position(move.end, move.pass_)
            yield Range(key, *move, said.committed_at_us, source)


class _Move(NamedTuple):
    kind: Kind
    start: int | None
    end: int
    pass_: int
    plain: bool = False
    first_of_two: bool = False


def _moves(was: Position | None, said: Commit, source: Source, deserted: bool) -> Iterator[_Move]:
    began = _began(said)
    if was is None:
        yield _Move(Kind.START_UNKNOWN if began is None else Kind.CONSUMED, began, said.offset, FIRST_PASS)
    elif deserted:
        yield from _set(was, said.offset, source)
    elif began is None:
        yield from _moved(was, said.offset, source)
    else:
        yield from _told(was, began, said.offset, source)


def _set(was: Position, to: int, source: Source) -> Iterator[_Move]:
    """Somebody has set the group's position."""
    if to > was.offset:
        yield _Move(Kind.SKIPPED, was.offset, to, was.pass_)
    elif to < was.offset:
        yield _Move(Kind.CONSUMED, to, to, source.offset)


def _moved(was: Position, to: int, source: Source) -> Iterator[_Move]:
    """The group has moved, and said nothing of how."""
    if to > was.offset:
        yield _Move(Kind.CONSUMED, was.offset, to, was.pass_, plain=True)
    elif to < was.offset:  # back to somewhere below, and nobody knows how far
        yield _Move(Kind.CONSUMED, to, to, source.offset)


def _told(was: Position, began: int, to: int, source: Source) -> Iterator[_Move]:
    """The group has told where it began."""
    if began > was.offset:
        yield _Move(Kind.SKIPPED, was.offset, began, was.pass_, first_of_two=to > began)
    if began < was.offset:
        yield _Move(Kind.CONSUMED, began, to, source.offset)
    elif to > began:
        yield _Move(Kind.CONSUMED, began, to, was.pass_)


def _began(said: Commit) -> int | None:
    """Where the group says that it began; nothing where that makes no sense."""
    found = BEGAN.fullmatch(said.metadata)
    return int(found[1]) if found is not None and int(found[1]) <= said.offset else None


@dataclass(slots=True)
class Gathered:
    """Ranges that wait to be told: those that lie end to end are told as one."""

    waiting: dict[Key, list[Range]] = field(default_factory=dict)

    def add(self, found: Range) -> None:
        listed = self.waiting.setdefault(found.key, [])
        last = listed[-1] if listed else None
        if last is not None and _continues(last, found):
            listed[-1] = replace(last, end=found.end, committed_at_us=found.committed_at_us, source=found.source)
        else:
            listed.append(found)

    def take(self) -> list[Range]:
        """All of them, in the order of the log: whoever is cut short has told everything up to some commit."""
        listed = sorted(
            (each for listed in self.waiting.values() for each in listed),
            key=lambda each: (each.source.partition, each.source.offset),
        )
        self.waiting = {}
        return listed


def _continues(last: Range, found: Range) -> bool:
    # A pass's beginning stays by itself, at its own place in the log: a meter that is killed after later ones were told
    # goes on behind it.
    return last.plain and found.plain and last.pass_ == found.pass_ and last.end == found.start

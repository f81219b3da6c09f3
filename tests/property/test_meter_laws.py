"""The meter's kernel against a group that counts for itself, however the meter is cut, killed or doubled."""

import contextlib
import struct
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from tenants.meter.commits import Commit, Members, UnknownRecordError, read
from tenants.meter.ranges import Gathered, Key, Kind, Position, Range, Ranges, Source

GROUP, TOPIC, ID = "acme.desk", "tier.pro", "id"
KEY = Key(GROUP, TOPIC, ID, 0)
Said = Commit | Members


@dataclass
class Desk:
    """A group of one partition: what it did, and the log that came of it."""

    at: int = 0
    log: list[Said] = field(default_factory=list)
    passes: list[set[int]] = field(default_factory=lambda: [set()])
    skipped: set[int] = field(default_factory=set)

    def begin(self, at: int) -> None:
        self.log += [Members(GROUP, 1), commit(at, f"tierfeed from={at}")]
        self.at = at

    def consume(self, count: int) -> None:
        self.passes[-1] |= set(range(self.at, self.at + count))
        self.at += count
        self.log.append(commit(self.at))

    def seek(self, to: int, count: int) -> None:
        """Go elsewhere, read there, and say so with the commit."""
        self._move(to)
        self.passes[-1] |= set(range(to, to + count))
        self.at = to + count
        self.log.append(commit(self.at, f"tierfeed from={to}"))

    def be_set(self, to: int) -> None:
        """All members leave, somebody sets the position, a member joins."""
        self._move(to)
        self.at = to
        self.log += [Members(GROUP, 0), commit(to), Members(GROUP, 1)]

    def _move(self, to: int) -> None:
        if to > self.at:
            self.skipped |= set(range(self.at, to))
        elif to < self.at:
            self.passes.append(set())


def commit(offset: int, metadata: str = "") -> Commit:
    return Commit(GROUP, TOPIC, 0, offset, metadata, 0, ID)


offsets, counts = st.integers(0, 60), st.integers(0, 15)
acts = st.lists(
    st.one_of(
        st.tuples(st.just("consume"), counts),
        st.tuples(st.just("seek"), offsets, counts),
        st.tuples(st.just("be_set"), offsets),
    ),
    max_size=25,
)
histories = st.tuples(offsets, acts)


def desk_of(history: tuple[int, list[tuple[object, ...]]]) -> Desk:
    desk = Desk()
    start, done = history
    desk.begin(start)
    for name, *arguments in done:
        getattr(desk, str(name))(*arguments)
    return desk


def metered(log: list[Said], cuts: set[int]) -> list[Range]:
    """What one meter tells that flushes at `cuts`."""
    ranges, gathered, told = Ranges(), Gathered(), []
    for at, said in enumerate(log):
        for found in ranges.hear(said, Source(0, at)):
            gathered.add(found)
        if at in cuts:
            told += gathered.take()
    return told + gathered.take()


def resumed(log: list[Said], stored: list[Range], cuts: set[int]) -> list[Range]:
    """What a meter tells that begins with what is stored, as meter.py does."""
    begin = max((each.told_to for each in stored), default=-1) + 1
    newest = max(stored, key=lambda each: (each.told_to, each.end), default=None)
    ranges, gathered, told = Ranges(), Gathered(), []
    if newest is not None:
        ranges.positions[KEY] = Position(newest.end, newest.pass_)
    for at, said in enumerate(log):
        if at < begin and isinstance(said, Commit):
            continue
        for found in ranges.hear(said, Source(0, at)):
            gathered.add(found)
        if at in cuts:
            told += gathered.take()
    return told + gathered.take()


def figures(told: list[Range]) -> tuple[set[int], int, set[int]]:
    """(consumed offsets, how many were read again, skipped offsets never consumed): what the SQL makes of it."""
    by_pass: dict[int, set[int]] = {}
    skipped: set[int] = set()
    for each in told:
        covered = set() if each.start is None else set(range(each.start, each.end))
        if each.kind is Kind.CONSUMED:
            by_pass.setdefault(each.pass_, set()).update(covered)
        elif each.kind is Kind.SKIPPED:
            skipped |= covered
    consumed = set().union(*by_pass.values()) if by_pass else set()
    return consumed, sum(map(len, by_pass.values())) - len(consumed), skipped - consumed


def expected(desk: Desk) -> tuple[set[int], int, set[int]]:
    consumed = set().union(*desk.passes)
    return consumed, sum(map(len, desk.passes)) - len(consumed), desk.skipped - consumed


cuts = st.sets(st.integers(0, 80))


@given(histories, cuts)
def test_what_is_told_is_what_the_group_did(history: tuple[int, list[tuple[object, ...]]], flushed: set[int]) -> None:
    desk = desk_of(history)
    told = metered(desk.log, flushed)
    assert figures(told) == expected(desk)
    places = [each.told_to for each in told]
    assert places == sorted(places)


@given(histories, cuts, cuts, st.data())
def test_a_meter_that_is_killed_and_one_that_runs_beside_it_change_no_figure(
    history: tuple[int, list[tuple[object, ...]]], flushed: set[int], other: set[int], data: st.DataObject
) -> None:
    desk = desk_of(history)
    told = metered(desk.log, flushed)
    killed = told[: data.draw(st.integers(0, len(told)), "told before it was killed")]
    after = resumed(desk.log, killed, other)
    assert figures(killed + after) == expected(desk)
    assert figures(killed + after + metered(desk.log, other)) == expected(desk)


@given(st.binary(max_size=60), st.binary(max_size=60) | st.none(), st.integers(0, 12))
def test_no_bytes_end_the_reader_otherwise_than_by_its_own_error(key: bytes, value: bytes | None, version: int) -> None:
    for each in (key, struct.pack(">h", version) + key):
        with contextlib.suppress(UnknownRecordError):
            read(each, value)

"""The exam every collector sits: replayed, simulated, rebased, and one that is no script at all."""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import numpy as np
import pytest

from collectors.player import ScriptCollector
from collectors.port import Batch, Collector, SessionEvent, Ticks, concatenated, flags_of
from collectors.replay.tape import read_tape
from collectors.script import SECOND_US, Script
from tests.unit.collectors.tapes import lean_rows, lean_zip, write_tape
from tierfeed.domain.words import Feed, Line, SessionKind

START, BEAT, END = SessionKind
ENOUGH_TICKS = 40
Make = Callable[[], Collector]


def _script(folder: Path, **simulate: object) -> Script:
    rows = [(10_000 + at * 5, 1.1 + at % 11 * 1e-5, 1.2) for at in range(2000)]
    entry = {"broker": "b", "symbol": "EURUSD", "format": "lean", "paths": ["*.zip"]} | simulate
    return read_tape(write_tape(folder, [entry], **{"140508__zip": lean_zip(lean_rows(rows))})).script("b")


async def _collected(collector: Collector, ticks: int) -> list[Batch]:
    stop = asyncio.Event()
    batches = [await collector.announce(stop)]
    async for batch in collector.batches(stop):
        batches.append(batch)
        if sum(len(each.ticks) for each in batches) >= ticks:
            stop.set()
    return batches


async def _reopened(collector: Collector) -> list[Batch]:
    """Closed once something has come, and opened again once that is told."""
    stop = asyncio.Event()
    batches = [await collector.announce(stop)]
    (line,) = collector.open_lines
    ended = False
    async for batch in collector.batches(stop):
        batches.append(batch)
        if not ended and sum(len(each.ticks) for each in batches):
            await collector.close_line(line)
            await collector.close_line(line)
            assert not collector.open_lines
        if not ended and any(event.kind is END for event in batch.events):
            ended = True
            await collector.open_line(line)
            await collector.open_line(line)
        if ended and len(batch.ticks):
            stop.set()
    return batches


class CollectorContract:
    """Whatever stands behind the port."""

    @pytest.fixture
    def make(self, tmp_path: Path) -> Make:
        raise NotImplementedError

    @pytest.fixture
    def batches(self, make: Make) -> list[Batch]:
        return asyncio.run(_collected(make(), ENOUGH_TICKS))

    def test_it_is_a_collector(self, make: Make) -> None:
        collector = make()
        assert isinstance(collector, Collector)
        assert collector.feed in Feed
        assert collector.speed >= 0

    def test_what_it_announces_is_starts_and_nothing_else(self, batches: list[Batch]) -> None:
        assert len(batches[0].ticks) == 0
        assert batches[0].events
        assert {event.kind for event in batches[0].events} == {START}

    def test_time_never_goes_back(self, batches: list[Batch]) -> None:
        latest = 0
        for batch in batches:
            events = [event.time_us for event in batch.events]
            received = batch.ticks.received_us.tolist()
            assert events == sorted(events)
            assert received == sorted(received)
            assert min(events + received, default=latest) >= latest
            latest = max([latest, *events, *received])

    def test_no_tick_outside_its_open_session(self, batches: list[Batch]) -> None:
        opened: dict[tuple[int, int], int] = {}
        closed: dict[tuple[int, int], int] = {}
        for batch in batches:
            for event in batch.events:
                (closed if event.kind is END else opened).setdefault((event.line, event.session), event.time_us)
            for line, session, at in zip(*(c.tolist() for c in _stamps(batch.ticks)), strict=True):
                assert opened[line, session] <= at < closed.get((line, session), at + 1)

    def test_a_heartbeat_tells_a_whole_second(self, batches: list[Batch]) -> None:
        for event in (event for batch in batches for event in batch.events):
            assert event.kind is not BEAT or event.time_us % SECOND_US == 0
            assert event.reason is None

    def test_sequences_count_from_one_in_each_session(self, batches: list[Batch]) -> None:
        seen: dict[tuple[int, int, int], set[int]] = defaultdict(set)
        for ticks in (batch.ticks for batch in batches):
            keys = (ticks.line, ticks.session, ticks.symbol, ticks.sequence)
            for line, session, symbol, sequence in zip(*(c.tolist() for c in keys), strict=True):
                seen[line, session, symbol].add(sequence)
        assert all(min(sequences) == 1 for sequences in seen.values())
        assert all(max(sequences) - len(sequences) <= 0.2 * max(sequences) for sequences in seen.values())

    def test_it_ends_soon_after_it_is_told_to(self, make: Make) -> None:
        async def stopped() -> float:
            stop = asyncio.Event()
            collector = make()
            await collector.announce(stop)
            stop.set()
            began = time.monotonic()
            async for _ in collector.batches(stop):
                pass
            return time.monotonic() - began

        assert asyncio.run(stopped()) < 1

    def test_its_usual_lines_are_open_and_are_among_those_it_has(self, make: Make) -> None:
        collector = make()
        assert collector.open_lines == collector.usual_lines <= collector.lines

    def test_a_line_is_closed_and_opened_again_as_another_session(self, make: Make) -> None:
        collector = make()
        if collector.resumable:
            return
        batches = asyncio.run(_reopened(collector))
        events = [event for batch in batches for event in batch.events if event.kind is not BEAT]
        assert [event.kind for event in events[:3]] == [START, END, START]
        assert events[0].session == events[1].session < events[2].session
        assert all(event.reason is None for event in events)
        between = (events[1].time_us, events[2].time_us)
        received = [at for batch in batches for at in batch.ticks.received_us.tolist()]
        assert not [at for at in received if between[0] <= at < between[1]]
        assert len([at for at in received if at < between[0]]) > 0
        assert len([at for at in received if at >= between[1]]) > 0
        self.test_sequences_count_from_one_in_each_session(batches)
        self.test_time_never_goes_back(batches)
        self.test_no_tick_outside_its_open_session(batches)

    def test_its_history_has_what_came_and_what_was_lost_each_once_and_in_order(self, make: Make) -> None:
        async def played() -> tuple[list[Batch], Ticks | None]:
            collector = make()
            batches = await _collected(collector, ENOUGH_TICKS)
            return batches, await collector.history(
                Line.A, None, 0, 2**62 if collector.resumable else time.time_ns() // 1000
            )

        batches, history = asyncio.run(played())
        if history is None:
            return
        received = history.received_us.tolist()
        assert received == sorted(received)
        of_line = [batch.ticks.take(np.flatnonzero(batch.ticks.line == int(Line.A))) for batch in batches]
        came = {
            (stamp, event, bid)
            for ticks in of_line
            for stamp, event, bid in zip(
                zip(ticks.session.tolist(), ticks.sequence.tolist(), strict=True),
                ticks.event_us.tolist(), ticks.bid.tolist(), strict=True,
            )
        }  # fmt: skip
        told = Counter((event, bid) for _, event, bid in came)
        there = Counter(zip(history.event_us.tolist(), history.bid.tolist(), strict=True))
        assert told <= there

    def test_one_that_can_be_resumed_gives_the_same_records_again(self, make: Make) -> None:
        if not make().resumable:
            return
        first, second = (asyncio.run(_collected(make(), 10**9)) for _ in range(2))
        assert _told(first) == _told(second)


def _stamps(ticks: Ticks) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return ticks.line, ticks.session, ticks.received_us


def _told(batches: list[Batch]) -> list[object]:
    columns = ("received_us", "event_us", "bid", "ask", "line", "session", "sequence", "symbol", "flags")
    return [
        [getattr(batch.ticks, name).tolist() for batch in batches for name in columns],
        [event for batch in batches for event in batch.events],
    ]


class TestReplay(CollectorContract):
    """A recorded broker."""

    @pytest.fixture
    def make(self, tmp_path: Path) -> Make:
        script = _script(tmp_path)
        return lambda: ScriptCollector(script)


class TestSimulator(CollectorContract):
    """A simulated broker with everything that can go wrong on two lines."""

    @pytest.fixture
    def make(self, tmp_path: Path) -> Make:
        line = {"redelivered": 0.1, "skipped": 0.1, "thinning": 0.1}
        profile = {"thinning": 0.1, "lines": {"A": line, "B": line}, "outages": [{"at_s": 3, "for_s": 2}]}
        script = _script(tmp_path, simulate={"profile": profile, "seed": 9})
        return lambda: ScriptCollector(script)


class TestRebased(CollectorContract):
    """A recorded broker whose tape begins now."""

    @pytest.fixture
    def make(self, tmp_path: Path) -> Make:
        script = _script(tmp_path)
        return lambda: ScriptCollector(script, rebase=True)


class Pulse:
    """No script: a broker that quotes as fast as it is asked, as a live adapter would hand it over."""

    broker, feed, speed, resumable = "pulse", Feed.LIVE, 1.0, False
    lines = usual_lines = open_lines = frozenset({Line.A})

    async def open_line(self, line: Line) -> None:
        self.open_lines = frozenset({line})

    async def close_line(self, line: Line) -> None:
        self.open_lines = frozenset()

    async def history(self, line: Line, symbol: str | None, from_us: int, to_us: int) -> Ticks | None:
        return None

    async def announce(self, stop: asyncio.Event) -> Batch:
        self._now_us = time.time_ns() // 1000 // SECOND_US * SECOND_US
        return Batch(concatenated([], ("EURUSD",)), (self._event(START),))

    async def batches(self, stop: asyncio.Event, resume_us: int | None = None) -> AsyncIterator[Batch]:
        sequence, is_open = 0, True
        while not stop.is_set():
            self._now_us += SECOND_US
            if is_open and self.open_lines:
                yield Batch(self._ticks(range(sequence + 1, sequence + 11)), (self._event(BEAT),))
                sequence += 10
            elif is_open or self.open_lines:
                is_open = not is_open
                yield Batch(concatenated([], ("EURUSD",)), (self._event(START if is_open else END),))
                sequence = 0

    def _event(self, kind: SessionKind) -> SessionEvent:
        if kind is START:
            self._session = self._now_us
        return SessionEvent(kind, 0, self._session, self._now_us, self._now_us)

    def _ticks(self, sequences: range) -> Ticks:
        n = len(sequences)
        sequence, ones = np.array(sequences, np.int64), np.ones(n)
        zeros, timed = np.zeros(n, np.int64), np.ones(n, np.bool_)
        received_us = self._now_us + np.arange(n, dtype=np.int64)
        return Ticks(
            symbols=("EURUSD",),
            symbol=zeros,
            received_us=received_us,
            event_us=received_us,
            timed=timed,
            bid=ones,
            ask=ones * 1.1,
            bid_size=ones * np.nan,
            ask_size=ones * np.nan,
            line=zeros,
            session=zeros + self._session,
            sequence=sequence,
            flags=flags_of(ones, ones, timed),
        )


class TestAnotherFeed(CollectorContract):
    """The port leaves room for feeds that are no tapes."""

    @pytest.fixture
    def make(self, tmp_path: Path) -> Make:
        return Pulse

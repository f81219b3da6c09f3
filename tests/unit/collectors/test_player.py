"""The session clock: as fast as possible, N times faster, or rebased to now."""

import asyncio
import time
from itertools import pairwise
from pathlib import Path

import pytest

from collectors.player import ScriptCollector, SessionClock
from collectors.port import Batch
from collectors.replay.tape import read_tape
from collectors.script import SECOND_US, Script
from tests.unit.collectors.tapes import lean_rows, lean_zip, write_tape
from tierfeed.domain.words import Line, SessionKind
from tierfeed.errors import ConfigError


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """Three seconds: a tick every 100 ms."""
    rows = [(1_000 + at * 100, 1.1 + at * 1e-5, 1.2) for at in range(30)]
    entry = {"broker": "b", "symbol": "EURUSD", "format": "lean", "paths": ["*.zip"]}
    return read_tape(write_tape(tmp_path, [entry], **{"140508__zip": lean_zip(lean_rows(rows))})).script("b")


async def _play(collector: ScriptCollector, until: int = 10_000, resume_us: int | None = None) -> list[Batch]:
    stop = asyncio.Event()
    batches = [await collector.announce(stop)]
    async for batch in collector.batches(stop, resume_us):
        batches.append(batch)
        if sum(len(each.ticks) for each in batches) >= until:
            stop.set()
    return batches


def test_at_full_speed_everything_comes_at_once(script: Script) -> None:
    began = time.monotonic()
    batches = asyncio.run(_play(ScriptCollector(script)))
    assert sum(len(batch.ticks) for batch in batches) == 30
    assert time.monotonic() - began < 1
    assert all(event.wall_us is None for batch in batches for event in batch.events)


def test_n_times_as_fast_takes_an_nth_of_the_time(script: Script) -> None:
    began = time.monotonic()
    batches = asyncio.run(_play(ScriptCollector(script, speed=10)))
    took_s = time.monotonic() - began
    assert sum(len(batch.ticks) for batch in batches) == 30
    assert 0.28 <= took_s < 1.5
    events = [event for batch in batches for event in batch.events]
    walls = [event.wall_us for event in events if event.kind is SessionKind.HEARTBEAT]
    assert [after - before for before, after in pairwise(walls)] == [SECOND_US // 10] * (len(walls) - 1)


def test_what_is_there_already_is_given_at_once_and_the_rest_in_its_time(script: Script) -> None:
    began = time.monotonic()
    batches = asyncio.run(_play(ScriptCollector(script, speed=2), resume_us=script.start_us + 2_600_000))
    assert sum(len(batch.ticks) for batch in batches) == 30
    assert time.monotonic() - began < 1.2


def test_a_rebased_tape_begins_now_and_goes_round_for_ever(script: Script) -> None:
    second = script.shifted(0)
    collector = ScriptCollector(second, rebase=True, rebase_at_us=_now_us() // SECOND_US * SECOND_US - 2 * SECOND_US)
    batches = asyncio.run(_play(collector, until=12))
    events = [event for batch in batches for event in batch.events]
    received = [at for batch in batches for at in batch.ticks.received_us.tolist()]
    assert not collector.resumable
    assert received == sorted(received)
    assert abs(received[0] - _now_us()) < 10 * SECOND_US
    assert all(event.wall_us == event.time_us for event in events)
    assert events[0].kind is SessionKind.SESSION_START
    rounds = [event.session for event in events if event.kind is SessionKind.SESSION_START]
    assert rounds == sorted(set(rounds))
    ticks = [batch.ticks for batch in batches if len(batch.ticks)]
    assert ticks[0].sequence[0] == 1
    assert set((ticks[0].received_us - ticks[0].event_us).tolist()) == {0}


def _now_us() -> int:
    return time.time_ns() // 1000


def test_brokers_rebased_to_the_same_moment_play_in_step(script: Script) -> None:
    at_us = (_now_us() // SECOND_US + 1) * SECOND_US

    async def both() -> list[Batch]:
        stop = asyncio.Event()
        players = [ScriptCollector(script, rebase=True, rebase_at_us=at_us) for _ in range(2)]
        return list(await asyncio.gather(*(player.announce(stop) for player in players)))

    first, second = asyncio.run(both())
    assert first.events == second.events
    assert first.events[0].time_us == at_us


def test_a_clock_that_cannot_be_is_refused(script: Script) -> None:
    with pytest.raises(ConfigError, match="speed must be 0"):
        ScriptCollector(script, speed=-1)
    with pytest.raises(ConfigError, match="whole second"):
        ScriptCollector(script, rebase=True, rebase_at_us=1)


def test_a_session_clock_runs_at_its_speed() -> None:
    clock = SessionClock(session_us=1_000, wall_us=50_000, speed=4.0)
    assert clock.wall_of(5_000) == 51_000
    assert SessionClock(0, _now_us() - SECOND_US, 3.0).now_us() >= 3 * SECOND_US


async def _opened(collector: ScriptCollector, line: Line) -> None:
    await asyncio.sleep(0.3)
    await collector.open_line(line)


def test_a_line_that_is_opened_while_nothing_comes_begins_at_the_next_second(tmp_path: Path) -> None:
    rows = [(1_000 + at * 100, 1.1 + at * 1e-5, 1.2) for at in range(600)]
    profile = {"lines": {"A": {}, "B": {"standby": True}}, "outages": [{"at_s": 1, "for_s": 50, "lines": ["A"]}]}
    entry = {
        "broker": "b", "symbol": "EURUSD", "format": "lean", "paths": ["*.zip"], "simulate": {"profile": profile},
    }  # fmt: skip
    tape = read_tape(write_tape(tmp_path, [entry], **{"140508__zip": lean_zip(lean_rows(rows))}))

    async def opened() -> list[Batch]:
        stop = asyncio.Event()
        collector = ScriptCollector(
            tape.script("b"), rebase=True, rebase_at_us=(_now_us() // SECOND_US - 5) * SECOND_US
        )
        assert (collector.open_lines, collector.lines) == ({Line.A}, {Line.A, Line.B})
        batches = [await collector.announce(stop)]
        asking = asyncio.ensure_future(_opened(collector, Line.B))
        async for batch in collector.batches(stop):
            batches.append(batch)
            if sum(len(each.ticks) for each in batches) >= 5:
                stop.set()
        await asking
        return batches

    began = time.monotonic()
    batches = asyncio.run(opened())
    assert time.monotonic() - began < 6
    assert {line for batch in batches for line in batch.ticks.line.tolist()} == {Line.B}
    starts = [event.line for batch in batches for event in batch.events if event.kind is SessionKind.SESSION_START]
    assert starts == [Line.A, Line.B]


def test_one_that_stands_by_says_nothing_before_it_is_asked_to(script: Script) -> None:
    async def stood() -> list[Batch]:
        stop = asyncio.Event()
        collector = ScriptCollector(script, rebase=True, standby=True)
        assert (collector.open_lines, collector.usual_lines) == (frozenset(), {Line.A})
        batches = [await collector.announce(stop)]
        asking = asyncio.ensure_future(_opened(collector, Line.A))
        async for batch in collector.batches(stop):
            batches.append(batch)
            if batch.events:
                stop.set()
        await asking
        return batches

    first, *rest = asyncio.run(stood())
    assert (len(first.ticks), first.events) == (0, ())
    assert rest[0].events[0].kind is SessionKind.SESSION_START
    with pytest.raises(ConfigError, match="only a tape that is rebased to now can stand by"):
        ScriptCollector(script, standby=True)


def _work(seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass


def test_one_that_cannot_keep_its_pace_hears_all_the_same_that_it_is_to_stop(script: Script) -> None:
    async def stopped() -> int:
        stop = asyncio.Event()
        collector = ScriptCollector(script, speed=50)
        await collector.announce(stop)
        count = 0
        async for batch in collector.batches(stop):
            count += len(batch.ticks)
            if count == len(batch.ticks):
                asyncio.get_running_loop().call_soon(stop.set)
            _work(0.004)  # twice as long as it is to the next one
        return count

    assert asyncio.run(stopped()) < len(script.ticks)


def test_a_line_that_stands_by_is_no_part_of_a_tape_that_is_only_played(tmp_path: Path) -> None:
    rows = [(1_000 + at * 100, 1.1 + at * 1e-5, 1.2) for at in range(30)]
    entry = {"broker": "b", "symbol": "EURUSD", "format": "lean", "paths": ["*.zip"]}
    files = {"140508__zip": lean_zip(lean_rows(rows))}
    played = {}
    for name, lines in (("alone", {"A": {}}), ("beside", {"A": {}, "B": {"standby": True}})):
        (tmp_path / name).mkdir()
        tape = write_tape(tmp_path / name, [entry | {"simulate": {"profile": {"lines": lines}, "seed": 3}}], **files)
        played[name] = read_tape(tape).script("b")
    assert played["beside"].ledger == played["alone"].ledger
    assert played["beside"].ticks.received_us.tolist() == played["alone"].ticks.received_us.tolist()
    assert played["beside"].sessions == played["alone"].sessions
    assert played["beside"].whole.lines == {0, 1}
    assert ScriptCollector(played["beside"]).lines == {Line.A}

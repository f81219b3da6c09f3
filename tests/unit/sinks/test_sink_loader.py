"""Gathering, handing over, waiting, letting go."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from sinks import loader
from sinks.batch import Poison, Unstored
from sinks.loader import Done, Loader
from sinks.memory import MemorySink
from sinks.port import Place, Rows, Stored
from tests.builders import eventually
from tests.sink_data import ROUTES, TABLES, Batch, batch, control, free, place, session_record, tick
from tierfeed.errors import FencedError, UpstreamError
from tierfeed.settings import SinkSettings

A, B = place(partition=0), place(partition=1)
Started = Callable[..., Loader]


class Box:
    """Keeps dead letters, and what was stored when they came."""

    def __init__(self, sink: MemorySink) -> None:
        self.sink, self.letters = sink, list[Poison]()
        self.rows_before: list[int] = []

    def send(self, poison: list[Poison]) -> None:
        self.letters += poison
        self.rows_before.append(sum(map(len, self.sink.rows.values())))


class Gate:
    """A tenure that stores when it is let."""

    def __init__(self, sink: MemorySink, *places: Place) -> None:
        self._tenure = sink.take_over(places, TABLES)
        self.stored, self.table_ids = self._tenure.stored, self._tenure.table_ids
        self.open, self.sizes = threading.Event(), list[int]()
        self.error: Exception | None = None
        self.left = 0

    def store(self, rows: Rows) -> None:
        self.sizes.append(rows.count)
        assert self.open.wait(5)
        try:
            if self.error is not None:
                raise self.error
            self._tenure.store(rows)
        finally:
            self.left += 1


class Bench:
    """A loader with its surroundings."""

    def __init__(self, *places: Place, rows: int = 100, ms: int = 20) -> None:
        self.sink, self.acked, self.failures = MemorySink(), list[int](), list[BaseException]()
        self.box, self.gate = Box(self.sink), Gate(self.sink, *places)
        self.gate.open.set()
        self.loader = Loader(ROUTES, SinkSettings(flush_rows=rows, flush_ms=ms), self.box, self.failures.append)
        self.loader.begin(self.gate, {at: Done(0, Stored()) for at in places})

    async def take(self, at: Place, load: Batch) -> None:
        await self.loader.take(load, at.topic, at.partition, lambda: self.acked.append(load.end_offset))

    def offsets(self, table: str = "ticks") -> list[int]:
        return [row["offset"] for row in self.sink.rows.get(table, [])]


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 10))


async def until(probe: Callable[[], object]) -> None:
    await asyncio.to_thread(eventually, lambda: bool(probe()))


def test_what_waited_long_enough_is_stored_and_acknowledged() -> None:
    async def scenario() -> None:
        bench = Bench(A)
        await bench.take(A, batch([tick()] * 3))
        assert (bench.offsets(), bench.acked) == ([], [])
        await until(lambda: bench.acked)
        assert (bench.offsets(), bench.acked) == ([0, 1, 2], [3])
        assert bench.loader.done[A] == Done(3, Stored(3))

    run(scenario())


def test_many_small_batches_are_one_insert() -> None:
    async def scenario() -> None:
        bench = Bench(A, B)
        for first in range(10):
            await bench.take(A, batch([tick()], first))
            await bench.take(B, batch([tick()], first))
        await until(lambda: len(bench.acked) == 20)
        assert bench.gate.sizes == [20]

    run(scenario())


def test_a_full_load_does_not_wait_for_its_time() -> None:
    async def scenario() -> None:
        bench = Bench(A, rows=5, ms=60_000)
        await bench.take(A, batch([tick()] * 5))
        await until(lambda: bench.acked)
        assert bench.offsets() == [0, 1, 2, 3, 4]

    run(scenario())


def test_whoever_brings_more_than_a_load_ahead_waits() -> None:
    async def scenario() -> None:
        bench = Bench(A, rows=5, ms=60_000)
        bench.gate.open.clear()
        await bench.take(A, batch([tick()] * 5))
        await until(lambda: bench.gate.sizes)
        third = asyncio.ensure_future(bench.take(A, batch([tick()] * 5, 5)))
        done, _ = await asyncio.wait({third}, timeout=0.05)
        assert not done
        bench.gate.open.set()
        await third
        await until(lambda: len(bench.acked) == 2)
        assert bench.gate.sizes == [5, 5]

    run(scenario())


def test_a_load_is_read_in_pieces_and_stored_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        bench, pieces = Bench(A, B, rows=12, ms=60_000), list[int]()
        read = bench.loader.read

        def noted(unread: Any, epochs: Any) -> Any:
            pieces.append(len(unread))
            return read(unread, epochs)

        monkeypatch.setattr(bench.loader, "read", noted)
        for first in range(0, 6, 2):
            await bench.take(A, batch([tick()] * 2, first))
            await bench.take(B, batch([tick()] * 2, first))
        await until(lambda: len(bench.acked) == 6)
        assert (pieces, bench.gate.sizes) == ([2, 2, 2], [12])
        assert bench.loader.done == {A: Done(6, Stored(6)), B: Done(6, Stored(6))}

    monkeypatch.setattr(loader, "READ_RECORDS", 4)
    run(scenario())


def test_a_load_of_many_bytes_is_full_however_few_its_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        bench = Bench(A, ms=60_000)
        await bench.take(A, batch([tick()] * 3))
        await until(lambda: bench.acked)
        assert bench.offsets() == [0, 1, 2]

    monkeypatch.setattr(loader, "READ_RECORDS", 1)
    monkeypatch.setattr(loader, "LOAD_BYTES", 100)
    run(scenario())


def test_what_cannot_be_read_ends_the_process_and_nothing_behind_it_is_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        bench, error = Bench(A), ValueError("a bug")

        def failing(*_: Any) -> Any:
            raise error

        with monkeypatch.context() as broken:
            broken.setattr(bench.loader, "read", failing)
            await bench.take(A, batch([tick()]))
        await bench.take(A, batch([tick()], 1))
        await until(lambda: bench.failures)
        await bench.loader.end(0.05)
        assert (bench.failures, bench.acked, bench.offsets()) == ([error], [], [])

    monkeypatch.setattr(loader, "READ_RECORDS", 1)
    run(scenario())


def test_records_without_rows_move_the_position() -> None:
    async def scenario() -> None:
        bench = Bench(A)
        await bench.take(A, batch([session_record()] * 4))
        await bench.take(A, Batch(empty_end=9))
        await until(lambda: len(bench.acked) == 2)
        assert bench.loader.done[A] == Done(9, Stored())
        assert bench.loader.unstored == {("ticks.fxcm", Unstored.CONTROL): 4}

    run(scenario())


def test_the_epoch_is_carried_from_load_to_load() -> None:
    async def scenario() -> None:
        at = place("tier.free")
        bench = Bench(at)
        await bench.take(at, batch([free(epoch=5), control(epoch=6)]))
        await until(lambda: bench.acked)
        await bench.take(at, batch([free(epoch=5), free(epoch=6)], 2))
        await until(lambda: len(bench.acked) == 2)
        assert bench.offsets("tier_quotes") == [0, 3]
        assert bench.loader.done[at] == Done(4, Stored(4, 6))

    run(scenario())


def test_dead_letters_are_out_before_the_rows_around_them_are_in() -> None:
    async def scenario() -> None:
        at = place("tier.free")
        bench = Bench(at)
        await bench.take(at, batch([free(), b"rubbish", free()]))
        await until(lambda: bench.acked)
        assert [letter.offset for letter in bench.box.letters] == [1]
        assert bench.box.rows_before == [0]
        assert bench.offsets("tier_quotes") == [0, 2]

    run(scenario())


@pytest.mark.parametrize("error", [UpstreamError("away"), FencedError("gone"), ValueError("a bug")])
def test_what_cannot_be_stored_ends_the_process_and_is_not_acknowledged(error: Exception) -> None:
    async def scenario() -> None:
        bench = Bench(A)
        bench.gate.error = error
        await bench.take(A, batch([tick()]))
        await until(lambda: bench.failures)
        await bench.take(A, batch([tick()], 1))
        await bench.loader.end(0.05)
        assert (bench.failures, bench.acked, bench.offsets()) == ([error], [], [])

    run(scenario())


def test_letting_go_stores_what_waits() -> None:
    async def scenario() -> None:
        bench = Bench(A, ms=60_000)
        await bench.take(A, batch([tick()] * 3))
        await bench.loader.end()
        assert (bench.offsets(), bench.acked) == ([0, 1, 2], [3])

    run(scenario())


def test_letting_go_does_not_wait_for_ever_and_what_comes_late_changes_nothing() -> None:
    async def scenario() -> None:
        bench = Bench(A)
        bench.gate.open.clear()
        await bench.take(A, batch([tick()] * 3))
        await bench.take(A, batch([tick()] * 3, 3))
        await until(lambda: bench.gate.sizes)
        await bench.loader.end(0.05)
        bench.loader.begin(Gate(bench.sink, A), {A: Done(0, Stored())})
        bench.gate.open.set()
        await until(lambda: bench.gate.left)
        await asyncio.to_thread(lambda: None)  # behind the late answer, as threads report in turn
        assert (bench.offsets(), bench.acked, bench.failures) == ([], [], [])
        assert bench.loader.done[A] == Done(0, Stored())

    run(scenario())


def test_a_batch_of_a_partition_that_is_not_ours_is_left_alone() -> None:
    async def scenario() -> None:
        bench = Bench(A)
        await bench.take(B, batch([tick()]))
        await bench.loader.end()
        assert (bench.offsets(), bench.acked) == ([], [])

    run(scenario())

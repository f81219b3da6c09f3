import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra import parts
from infra.parts import READY_LINE, Part, Process, Server
from infra.supervisor import Backoff, Happening, PartState, Supervisor, read_status
from tests.builders import eventually
from tierfeed.errors import ConfigError, UpstreamError

AT_ONCE = Backoff(first_s=0.01, most_s=0.02)
FOREVER = "import signal; signal.pause()"


def python(script: str, name: str = "stream", **rest: object) -> Part:
    return Part(name, (sys.executable, "-I", "-S", "-c", script), **rest)  # type: ignore[arg-type]


@dataclass
class Told:
    """What a supervisor told, and a way to wait for it."""

    happenings: list[Happening] = field(default_factory=list)
    _grown: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self, happening: Happening) -> None:
        self.happenings.append(happening)
        self._grown.set()

    def texts(self, state: PartState) -> list[str]:
        return [each.text for each in self.happenings if each.state is state]

    async def count(self, state: PartState, times: int) -> None:
        while len(self.texts(state)) < times:
            self._grown.clear()
            await asyncio.wait_for(self._grown.wait(), 20)


def supervised(
    home: Path, work: Callable[[Supervisor, Told], Awaitable[None]], backoff: Backoff = AT_ONCE
) -> list[Happening]:
    async def run() -> list[Happening]:
        told = Told()
        async with Supervisor(home, told, backoff) as supervisor:
            await work(supervisor, told)
        return told.happenings

    return asyncio.run(run())


@given(falls=st.integers(1, 10_000), chance=st.floats(0, 1, exclude_max=True))
def test_a_delay_doubles_up_to_the_most_and_jitter_takes_at_most_half_of_it(falls: int, chance: float) -> None:
    backoff = Backoff(first_s=0.5, most_s=30)
    full_s = backoff.delay_s(falls, 0.0)
    assert full_s == min(30, 0.5 * 2.0 ** min(falls - 1, 100))
    assert full_s / 2 <= backoff.delay_s(falls, chance) <= full_s


def test_a_part_that_falls_is_started_again_and_it_is_told_why(tmp_path: Path) -> None:
    async def work(supervisor: Supervisor, told: Told) -> None:
        await supervisor.start(python("import sys; print('about to fall', flush=True); sys.exit('no more memory')"))
        await told.count(PartState.WAITING, 2)
        assert supervisor.status().parts[0].restarts >= 1

    happenings = supervised(tmp_path, work)
    fall = next(each.text for each in happenings if each.state is PartState.WAITING)
    assert fall.startswith("exit code 1: no more memory; starting again in 0.0 s")


def test_a_killed_part_is_told_by_the_name_of_the_signal(tmp_path: Path) -> None:
    async def work(supervisor: Supervisor, told: Told) -> None:
        await supervisor.start(python(f"print('up', flush=True); {FOREVER}", ready="up"))
        pid = supervisor.status().parts[0].pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await told.count(PartState.RUNNING, 2)
        assert told.texts(PartState.WAITING)[0].startswith("killed by SIGKILL: up; ")
        assert supervisor.status().parts[0].pid not in (None, pid)

    supervised(tmp_path, work)


def test_falls_in_a_row_are_counted_and_a_steady_run_begins_the_row_anew(tmp_path: Path) -> None:
    class Recorded(Backoff):
        """Remembers which fall it was asked for."""

        seen: list[int]

        def delay_s(self, falls: int, chance: float) -> float:
            self.seen.append(falls)
            return 0.0

    for steady_s, expected in ((60.0, [1, 2, 3]), (0.0, [1, 1, 1])):
        Recorded.seen = []

        async def work(supervisor: Supervisor, told: Told) -> None:
            await supervisor.start(python("raise SystemExit(1)"))
            await told.count(PartState.WAITING, 3)

        supervised(tmp_path, work, Recorded(steady_s=steady_s))
        assert Recorded.seen[:3] == expected


def test_wrong_settings_are_final(tmp_path: Path) -> None:
    async def work(supervisor: Supervisor, told: Told) -> None:
        with pytest.raises(ConfigError, match=r"stream: exit code 2: sink\.flush_rows was 0"):
            await supervisor.start(python("import sys; print('sink.flush_rows was 0'); sys.exit(2)", ready="up"))
        with pytest.raises(ConfigError):
            await supervisor.failure()
        assert told.texts(PartState.WAITING) == []

    assert supervised(tmp_path, work)[-1].state is PartState.FAILED


def test_start_returns_when_the_part_says_that_it_is_ready(tmp_path: Path) -> None:
    script = "import infra.parts as p, signal; print('warming up', flush=True); p.say_ready(); signal.pause()"

    async def work(supervisor: Supervisor, told: Told) -> None:
        here = str(Path(__file__).parents[3])
        await supervisor.start(Part("stream", (sys.executable, "-c", script), {"PYTHONPATH": here}, ready=READY_LINE))
        assert [each.state for each in told.happenings] == [PartState.STARTING, PartState.RUNNING]

    supervised(tmp_path, work)
    assert (tmp_path / "logs" / "stream.log").read_text().splitlines() == ["warming up", READY_LINE]


def test_a_part_that_is_not_ready_in_time_is_ended_and_told(tmp_path: Path) -> None:
    async def work(supervisor: Supervisor, told: Told) -> None:
        with pytest.raises(UpstreamError, match=r"stream was not ready within 0\.5 s"):
            await supervisor.start(python(FOREVER, ready="never said"), within_s=0.5)
        assert supervisor.status().parts[0].pid is None

    assert supervised(tmp_path, work)[-1].state is PartState.STOPPED


def test_a_program_that_does_not_exist_is_a_fall_with_its_name(tmp_path: Path) -> None:
    async def work(supervisor: Supervisor, told: Told) -> None:
        await supervisor.start(Part("stream", ("/no/such/program",)))
        await told.count(PartState.WAITING, 1)
        assert "/no/such/program" in told.texts(PartState.WAITING)[0]

    supervised(tmp_path, work)


def test_a_part_that_runs_once_is_finished_when_it_has_succeeded(tmp_path: Path) -> None:
    mark = tmp_path / "tried"
    script = f"import pathlib, sys; p = pathlib.Path({str(mark)!r}); e = p.exists(); p.touch(); sys.exit(0 if e else 1)"

    async def work(supervisor: Supervisor, told: Told) -> None:
        await supervisor.start(python(script, "replay", once=True))
        await asyncio.wait_for(supervisor.finished("replay"), 20)
        assert supervisor.status().parts[0].restarts == 1

    assert supervised(tmp_path, work)[-1].state is PartState.FINISHED


def test_parts_end_in_reverse_order_and_may_flush_first(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    script = """
import signal, sys
def flush(*_):
    open({ledger!r}, "a").write("{name} ")
    sys.exit(0)
signal.signal(signal.SIGTERM, flush)
print("up", flush=True)
while True:
    signal.pause()
"""

    async def work(supervisor: Supervisor, told: Told) -> None:
        for name in ("sink", "stream", "collect"):
            await supervisor.start(python(script.format(ledger=str(ledger), name=name), name, ready="up"))

    happenings = supervised(tmp_path, work)
    assert ledger.read_text().split() == ["collect", "stream", "sink"]
    assert [each.part for each in happenings if each.state is PartState.STOPPED] == ["collect", "stream", "sink"]


def test_a_part_that_ignores_sigterm_is_killed_with_all_it_started(tmp_path: Path) -> None:
    script = f"""
import signal, subprocess, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-I", "-S", "-c", {FOREVER!r}])
print("child", child.pid, flush=True)
while True:
    signal.pause()
"""

    async def work(supervisor: Supervisor, told: Told) -> None:
        await supervisor.start(python(script, ready="child", stop_s=0.2))

    supervised(tmp_path, work)
    child = int((tmp_path / "logs" / "stream.log").read_text().split()[1])
    eventually(lambda: not psutil.pid_exists(child))


def test_parts_do_not_outlive_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    script = f"""
import asyncio, sys
sys.path.insert(0, {str(Path(__file__).parents[3])!r})
from pathlib import Path
from infra.parts import Part
from infra.supervisor import Supervisor
async def main():
    async with Supervisor(Path({str(tmp_path)!r}), lambda _: None) as supervisor:
        await supervisor.start(Part("stream", (sys.executable, "-I", "-S", "-c", {FOREVER!r})))
        await asyncio.Event().wait()
asyncio.run(main())
"""
    parent = subprocess.Popen([sys.executable, "-c", script])

    def child() -> int | None:
        status = read_status(tmp_path)
        return status.parts[0].pid if status is not None and status.parts[0].state is PartState.RUNNING else None

    pid = eventually(child, within_s=20)
    status = read_status(tmp_path)
    assert status is not None
    assert status.alive
    assert psutil.pid_exists(pid or 0)
    parent.kill()
    parent.wait()
    eventually(lambda: not psutil.pid_exists(pid or 0))
    assert not status.alive


def test_the_status_file_says_what_the_supervisor_knows(tmp_path: Path) -> None:
    async def work(supervisor: Supervisor, told: Told) -> None:
        await supervisor.start(python("raise SystemExit(3)", "sink"))
        await told.count(PartState.WAITING, 1)
        await supervisor.start(python(FOREVER, "stream"))
        status = read_status(tmp_path)
        assert status is not None
        assert status.pid == os.getpid()
        sink, stream = status.parts
        assert (sink.last_exit, sink.last_exit_code) == ("exit code 3", 3)
        assert (stream.name, stream.state, stream.last_exit) == ("stream", PartState.RUNNING, None)
        assert psutil.pid_exists(stream.pid or 0)

    supervised(tmp_path, work)
    after = read_status(tmp_path)
    assert after is not None
    assert [part.state for part in after.parts] == [PartState.STOPPED, PartState.STOPPED]


def test_without_a_supervisor_there_is_no_status(tmp_path: Path) -> None:
    assert read_status(tmp_path) is None


def test_a_log_moves_aside_when_it_is_full_and_the_part_writes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "LOG_BYTES", 100)
    log = tmp_path / "stream.log"
    process = Process(python(FOREVER), log)
    with log.open("ab") as part:
        part.write(b"x" * 101)
        part.flush()
        process.tidy()
        part.write(b"on")
    assert (tmp_path / "stream.log.1").read_bytes() == b"x" * 101
    assert log.read_bytes() == b"on"
    process.tidy()
    assert log.read_bytes() == b"on"


def test_a_server_that_dies_is_started_again_and_ended_last(tmp_path: Path) -> None:
    alive, starts = threading.Event(), []

    def start() -> None:
        starts.append(threading.get_ident())
        alive.set()

    async def work(supervisor: Supervisor, told: Told) -> None:
        await supervisor.start(Server("kafka", start, alive.is_set, alive.clear))
        await supervisor.start(python(FOREVER))
        alive.clear()
        await told.count(PartState.RUNNING, 3)
        assert told.texts(PartState.WAITING)[0].startswith("its process is gone; ")

    happenings = supervised(tmp_path, work)
    assert len(starts) == 2
    assert not alive.is_set()
    assert [each.part for each in happenings if each.state is PartState.STOPPED] == ["stream", "kafka"]


def test_a_server_that_cannot_start_is_tried_again_until_the_time_is_up(tmp_path: Path) -> None:
    def start() -> None:
        raise UpstreamError("its disk is full")

    async def work(supervisor: Supervisor, told: Told) -> None:
        with pytest.raises(UpstreamError, match=r"kafka was not ready within 0\.3 s; it ended with its disk is full"):
            await supervisor.start(Server("kafka", start, lambda: False, lambda: None), within_s=0.3)
        assert len(told.texts(PartState.WAITING)) > 1

    supervised(tmp_path, work)

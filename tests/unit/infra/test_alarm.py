"""An alarm rings once, when its time has come and not before, by a timer file or by the loop's own timers."""

import asyncio
import math
from collections.abc import Callable

import pytest

from infra.alarm import Alarm


@pytest.fixture(params=["timer file", "loop"])
def made(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], Alarm]:
    """Makes an alarm on the running loop."""

    class NoTimers:
        def __init__(self, _: None) -> None:
            """A C library without timerfd."""

    def make(ring: Callable[[], None]) -> Alarm:
        if request.param == "loop":
            monkeypatch.setattr("infra.alarm.ctypes.CDLL", NoTimers)
        alarm = Alarm(asyncio.get_running_loop(), ring)
        assert (alarm._fd >= 0) == (request.param == "timer file")
        return alarm

    return make


async def rings(loop: asyncio.AbstractEventLoop, alarm: Alarm, rung: list[float], at_s: float) -> None:
    """Until it has rung at `at_s`, and for as long again, by an alarm of the loop's own."""
    alarm.set(at_s)
    later = asyncio.Event()
    loop.call_at(at_s + 0.05, later.set)
    await asyncio.wait_for(later.wait(), 5)
    assert len(rung) == 1


def test_it_rings_once_and_not_before_its_time(made: Callable[[Callable[[], None]], Alarm]) -> None:
    async def run() -> None:
        loop, rung = asyncio.get_running_loop(), list[float]()
        alarm = made(lambda: rung.append(loop.time()))
        alarm.set(loop.time() + 10)
        at_s = loop.time() + 0.0125
        await rings(loop, alarm, rung, at_s)
        assert rung[0] >= at_s - 1e-6
        assert alarm.at_s == math.inf
        alarm.close()

    asyncio.run(run())


def test_a_time_that_is_over_rings_at_once(made: Callable[[Callable[[], None]], Alarm]) -> None:
    async def run() -> None:
        rung = asyncio.Event()
        alarm = made(rung.set)
        alarm.set(-1.0)
        await asyncio.wait_for(rung.wait(), 5)
        alarm.close()

    asyncio.run(run())


def test_none_rings_once_it_is_taken_back_or_closed(made: Callable[[Callable[[], None]], Alarm]) -> None:
    async def run() -> list[str]:
        loop, rung, last = asyncio.get_running_loop(), list[str](), asyncio.Event()
        taken_back, closed = made(lambda: rung.append("taken back")), made(lambda: rung.append("closed"))
        for alarm in (taken_back, closed):
            alarm.set(loop.time() + 0.02)
        taken_back.set(math.inf)
        closed.close()
        witness = made(last.set)
        witness.set(loop.time() + 0.06)
        await asyncio.wait_for(last.wait(), 5)
        for alarm in (taken_back, witness):
            alarm.close()
        return rung

    assert asyncio.run(run()) == []

"""Plays a script on a session clock: as fast as possible, N times faster, or rebased to now and for ever."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from collectors.port import Batch, Ticks, concatenated
from collectors.script import SECOND_US, Cursor, Script, second_after
from tierfeed.domain.words import Feed, Line
from tierfeed.errors import ConfigError

LEAST_WAIT_S = 0.001
LONGEST_WAIT_S = 0.25


@dataclass(frozen=True, slots=True)
class SessionClock:
    """A clock that showed `session_us` when the wall showed `wall_us`, and runs `speed` times as fast."""

    session_us: int
    wall_us: int
    speed: float

    def now_us(self) -> int:
        return self.session_us + int((time.time_ns() // 1000 - self.wall_us) * self.speed)

    def wall_of(self, session_us: int) -> int:
        """The wall clock when this one shows `session_us`."""
        return self.wall_us + int((session_us - self.session_us) / self.speed)

    def wait_s(self, session_us: int) -> float:
        """How long it is until this clock shows `session_us`."""
        return (self.wall_of(session_us) - time.time_ns() // 1000) / 1_000_000


class ScriptCollector:
    """The port over a script. `rebase_at_us`: when a rebased tape began; brokers given the same one play in step."""

    def __init__(
        self,
        script: Script,
        *,
        speed: float = 0.0,
        rebase: bool = False,
        rebase_at_us: int | None = None,
        standby: bool = False,
    ) -> None:
        """`standby`: no line is open until one is asked for."""
        if speed < 0:
            raise ConfigError(f"speed must be 0 (as fast as possible) or more, was {speed}")
        if rebase and rebase_at_us is not None and rebase_at_us % SECOND_US:
            raise ConfigError(f"a tape is rebased to a whole second, was {rebase_at_us} µs")
        if standby and not rebase:
            raise ConfigError("only a tape that is rebased to now can stand by")
        self._usual = script.lines
        self._open = frozenset[int]() if standby else self._usual
        # Only a rebased tape obeys: another one has no lines but those that it plays.
        self._tape = self._whole = script.whole if rebase else script
        self._script = self._whole.of_lines(self._open)
        self._speed = 1.0 if rebase else speed
        self._rebase, self._rebase_at_us = rebase, rebase_at_us
        self._clock: SessionClock | None = None

    @property
    def broker(self) -> str:
        return self._script.broker

    @property
    def feed(self) -> Feed:
        return self._script.feed

    @property
    def speed(self) -> float:
        return self._speed

    @property
    def resumable(self) -> bool:
        return not self._rebase

    @property
    def script(self) -> Script:
        """What is played now: of a rebased tape, the present round."""
        return self._script

    @property
    def lines(self) -> frozenset[Line]:
        return frozenset(map(Line, self._tape.lines))

    @property
    def usual_lines(self) -> frozenset[Line]:
        return frozenset(map(Line, self._usual))

    @property
    def open_lines(self) -> frozenset[Line]:
        return frozenset(map(Line, self._open))

    async def open_line(self, line: Line) -> None:
        if int(line) in self._open:
            return
        self._open |= {int(line)}
        if self._clock is not None:
            self._script = self._script.opened(self._whole.of_lines({int(line)}), self._next_second_us())

    async def close_line(self, line: Line) -> None:
        if int(line) not in self._open:
            return
        self._open -= {int(line)}
        if self._clock is not None:
            self._script = self._script.closed(int(line), self._next_second_us())

    def _next_second_us(self) -> int:
        """Nothing of it is given yet: what is given is never ahead of the clock."""
        assert self._clock is not None
        return second_after(max(self._clock.now_us(), self._script.start_us))

    async def history(self, line: Line, symbol: str | None, from_us: int, to_us: int) -> Ticks | None:
        """Of a rebased tape: what every round has sent, since the first one began."""
        if self._rebase_at_us is None:
            return self._tape.history(int(line), symbol, from_us, to_us)
        length_us = self._tape.end_us - self._tape.start_us
        from_us = max(from_us, self._rebase_at_us)
        rounds = range((from_us - self._rebase_at_us) // length_us, (to_us - self._rebase_at_us) // length_us + 1)
        found = []
        for number in rounds:
            by_us = self._rebase_at_us + number * length_us - self._tape.start_us
            ticks = self._tape.history(int(line), symbol, from_us - by_us, to_us - by_us)
            found.append(replace(ticks, received_us=ticks.received_us + by_us, event_us=ticks.event_us + by_us))
        return concatenated(found, self._tape.ticks.symbols)

    async def announce(self, stop: asyncio.Event) -> Batch:
        if self._rebase:
            await self._rebased(stop)
        return replace(self._told(Cursor(), self._script.announcement()), dead=self._script.dead)

    async def _rebased(self, stop: asyncio.Event) -> None:
        """Move the script to the next whole second: to its begin, or into the round that is being played."""
        start_us = second_after(time.time_ns() // 1000)
        if self._rebase_at_us is None:
            self._rebase_at_us = start_us
        start_us = max(start_us, self._rebase_at_us)
        length_us = self._tape.end_us - self._tape.start_us
        into_us = (start_us - self._rebase_at_us) % length_us
        self._whole = self._tape.shifted(start_us - into_us - self._tape.start_us)
        self._script = (self._whole.joined(start_us) if into_us else self._whole).of_lines(self._open)
        self._clock = SessionClock(start_us, start_us, 1.0)
        await self._until(start_us, stop)

    async def batches(self, stop: asyncio.Event, resume_us: int | None = None) -> AsyncIterator[Batch]:
        done = self._script.announcement()
        if resume_us is not None:
            there = self._script.until(resume_us)
            while done.ticks < there.ticks or done.events < there.events:
                upto = self._script.cut(done)
                upto = Cursor(min(upto.ticks, there.ticks), min(upto.events, there.events))
                yield self._told(done, upto)
                done = upto
        if self._speed and not self._rebase:
            start_us = self._script.start_us if resume_us is None else resume_us
            self._clock = SessionClock(start_us, time.time_ns() // 1000, self._speed)
        async for batch in self._played(done, stop):
            yield batch
        while self._rebase and not stop.is_set():
            length_us = self._whole.end_us - self._whole.start_us
            self._whole = self._whole.shifted(length_us)
            self._script = self._whole.of_lines(self._open)
            async for batch in self._played(Cursor(), stop):
                yield batch

    async def _played(self, done: Cursor, stop: asyncio.Event) -> AsyncIterator[Batch]:
        is_behind = False
        while not stop.is_set():
            due_us = self._script.next_time_us(done)
            if due_us is None:
                if not self._rebase or self._is_over():
                    return
                due_us = self._script.end_us
            upto = self._script.cut(done)
            if self._clock is not None:
                if (now_us := self._clock.now_us()) < due_us:
                    # No longer than to the next second: a line may be opened then.
                    await self._until(min(due_us, second_after(now_us)), stop)
                    is_behind = False
                    continue
                reached = self._script.until(now_us + 1)
                upto = Cursor(min(upto.ticks, reached.ticks), min(upto.events, reached.events))
            if is_behind:
                await asyncio.sleep(0)  # who never waits would not hear that it is to stop
            is_behind = True
            yield self._told(done, upto)
            done = upto

    def _is_over(self) -> bool:
        return self._clock is None or self._clock.now_us() >= self._script.end_us

    async def _until(self, session_us: int, stop: asyncio.Event) -> None:
        """Sleep until the session's clock shows this, or not quite so long."""
        if self._clock is None:
            return
        while (wait_s := self._clock.wait_s(session_us)) > 0 and not stop.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), min(max(wait_s, LEAST_WAIT_S), LONGEST_WAIT_S))

    def _told(self, start: Cursor, end: Cursor) -> Batch:
        batch = self._script.between(start, end)
        if self._clock is None:
            return batch
        clock = self._clock
        return replace(
            batch, events=tuple(replace(event, wall_us=clock.wall_of(event.time_us)) for event in batch.events)
        )

    def now_us(self) -> int | None:
        """The session's clock; None where it is the data's own."""
        return None if self._clock is None else self._clock.now_us()

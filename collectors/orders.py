"""The commands to one broker's collector: read from `control`, obeyed one after the other, and answered there.

What was done stays done: whoever starts opens and closes the lines as the commands of before have left them. A command
that was accepted and has no end is taken up again, which does nothing twice.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from collectors.port import Collector
from infra import metrics
from infra.control import Control
from infra.metrics import Metric
from tierfeed.domain.commands import OF_COLLECTORS, Action, Command, Orders, Said, Step
from tierfeed.domain.words import Line
from tierfeed.errors import UpstreamError

LOOK_S = 0.25
RETRY_S = 2.0

_log = logging.getLogger(__name__)

Filler = Callable[[Command], Awaitable[int | None]]
"""Fills a gap: how many of its ticks are on the topic now; None where the broker keeps no history."""


class Obedience:
    """One collector's obedience."""

    def __init__(self, control: Control, collector: Collector, fill: Filler, most: int | None = None) -> None:
        """`most`: how many sessions at once the broker's contract allows; None: as many as it has lines."""
        self._control, self._collector, self._fill, self._most = control, collector, fill, most
        self._orders = Orders()

    async def resume(self) -> None:
        """Open and close lines as they were left, before the sessions are announced. Raises UpstreamError."""
        for said in await asyncio.to_thread(self._control.read_all):
            self._orders.hear(said)
        for command in self._orders.done(OF_COLLECTORS - {Action.FILL_GAP}, self._collector.broker):
            if not self._unknown(command):
                await self._set_lines(command)
        if self._collector.open_lines != self._collector.usual_lines:
            _log.warning(
                "lines are as commands left them", extra={"broker": self._collector.broker, "open": self._told}
            )

    async def serve(self) -> None:
        """Obey until cancelled. While Kafka does not answer nothing is obeyed, and what was done is told later."""
        while True:
            try:
                for command in self._orders.open(OF_COLLECTORS, self._collector.broker):
                    await self._obey(command)
                for said in await asyncio.to_thread(self._control.poll, LOOK_S):
                    self._orders.hear(said)
            except UpstreamError as error:
                _log.warning("commands", extra={"broker": self._collector.broker, "error": str(error)})
                await asyncio.sleep(RETRY_S)

    def close(self) -> None:
        self._control.close()

    @property
    def _told(self) -> str:
        return ", ".join(line.name for line in sorted(self._collector.open_lines)) or "none"

    async def _obey(self, command: Command) -> None:
        refusal = self._refusal(command)
        if refusal is not None:
            await self._answer(command, Step.REFUSED, refusal)
            return
        if self._orders.step(command.id) is Step.ASKED:
            await self._answer(command, Step.ACCEPTED)
        try:
            ticks = await self._done(command)
        except UpstreamError as error:
            await self._answer(command, Step.FAILED, str(error))
            return
        if command.action is Action.FILL_GAP:
            if ticks is None:
                await self._answer(command, Step.FAILED, f"broker {command.broker} keeps no history")
            else:
                await self._answer(command, Step.DONE, f"{ticks} ticks are filled in", ticks)
        else:
            await self._answer(command, Step.DONE, f"open lines: {self._told}")

    def _refusal(self, command: Command) -> str | None:
        problems = [*command.problems(), *self._unknown(command)]
        if problems:
            return "; ".join(problems)
        if (more := self._is_open_already(command) or self._too_many(command)) is not None:
            return more
        late_s = (_now_us() - command.deadline_us) / 1_000_000
        if self._orders.step(command.id) is Step.ASKED and late_s > 0:
            return f"was to begin {late_s:.0f} s ago at the latest"
        return None

    def _is_open_already(self, command: Command) -> str | None:
        """Whoever asks must not think that it is his: he may take it back."""
        lines = self._lines(command, self._collector.usual_lines)
        is_new = self._orders.step(command.id) is Step.ASKED
        is_start = command.action in (Action.START_LINE, Action.START_SESSION)
        if is_new and is_start and self._collector.open_lines.issuperset(lines):
            return f"open already: {', '.join(line.name for line in lines)}"
        return None

    def _too_many(self, command: Command) -> str | None:
        if command.action not in (Action.START_LINE, Action.START_SESSION) or self._most is None:
            return None
        lines = self._collector.open_lines.union(self._lines(command, self._collector.usual_lines))
        if len(lines) <= self._most:
            return None
        return f"broker {command.broker} allows {self._most} sessions at once, there would be {len(lines)}"

    def _unknown(self, command: Command) -> list[str]:
        lines = self._collector.lines
        if command.line is None or command.line in lines:
            return []
        has = ", ".join(line.name for line in sorted(lines))
        return [f"broker {command.broker} has no line {command.line.name}; it has {has}"]

    async def _done(self, command: Command) -> int | None:
        if command.action is Action.FILL_GAP:
            return await self._fill(command)
        await self._set_lines(command)
        return None

    async def _set_lines(self, command: Command) -> None:
        collector = self._collector
        if command.action in (Action.START_LINE, Action.START_SESSION):
            for line in self._lines(command, collector.usual_lines):
                await collector.open_line(line)
        else:
            for line in self._lines(command, collector.open_lines):
                await collector.close_line(line)

    def _lines(self, command: Command, every: frozenset[Line]) -> list[Line]:
        return sorted(every) if command.line is None else [command.line]

    async def _answer(self, command: Command, step: Step, reason: str | None = None, ticks: int | None = None) -> None:
        by = f"collector {self._collector.broker}"
        said = Said(command=command, step=step, time_us=_now_us(), by=by, reason=reason, ticks=ticks)
        await asyncio.to_thread(self._control.tell, said)
        self._orders.hear(said)
        metrics.count(Metric.COMMANDS, stage="collector", action=command.action.name.lower(), step=step.name.lower())
        _log.info("command", extra={"command": command.id, "step": step.name, "reason": reason})


def _now_us() -> int:
    return time.time_ns() // 1000

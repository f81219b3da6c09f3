"""The demo's course: servers, topics and tables, workers, the tape, the wait until all is stored, the count."""

import asyncio
import shutil
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from analytics.summary import Summary, summarise
from collectors.replay.tape import SHIPPED, Tape, read_tape
from infra.registry import schema_ids
from infra.supervisor import Happening, PartState, Supervisor
from schemas import topics
from tierfeed.cli import launch
from tierfeed.cli.audit import Audit, audit
from tierfeed.cli.collect import speed_of
from tierfeed.cli.drain import Standing, Watch
from tierfeed.cli.figures import Figures, Played, figures
from tierfeed.cli.progress import Progress, progress_of
from tierfeed.cli.stack import DEMO, Folder, embedded, environment, part
from tierfeed.errors import UpstreamError
from tierfeed.settings import Settings

SHIPPED_SPEED = 120.0
LOOK_S = 0.25
GRACE_S = 240.0
"""What a busy machine may take beside the playing itself."""
TICKS_PER_S = 2000
"""Far below what a worker does: for the time limit."""
COLLECT_S = 180.0
TOLD = (PartState.WAITING, PartState.FAILED)
SOON = {"TIERFEED_SINK__BARS_EVERY_S": "1"}
"""The last bars are waited for."""


@dataclass(frozen=True, slots=True)
class Order:
    """What to run. `tape` None: the shipped one; `speed` None: its own, which for others is max."""

    tape: Path | None = None
    speed: str | None = None
    within_s: float | None = None
    keep: bool = False


async def run(settings: Settings, order: Order) -> tuple[Figures, Path | None]:
    """Run it whole: its figures, and where what was kept lies.

    Raises ConfigError for a bad tape or bad tiers before anything starts; UpstreamError where something is away or
    takes too long.
    """
    began_s = time.monotonic()
    settings.tiers()  # what is wrong with them is told before anything starts
    speed = speed_of(order.speed) if order.speed else (0.0 if order.tape else SHIPPED_SPEED)
    tape = await asyncio.to_thread(read_tape, order.tape or SHIPPED)
    folder = Folder(settings.home / DEMO)
    if (task := asyncio.current_task()) is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    with folder.exclusive(), progress_of() as progress:
        await asyncio.to_thread(_wipe, folder)
        counted, answers = await _Course(settings, order, tape, speed, folder, progress).run()
        if not order.keep:
            shutil.rmtree(folder.path, ignore_errors=True)
    found = figures(_played(settings, tape, speed), counted, answers, time.monotonic() - began_s)
    return found, folder.path if order.keep else None


def _played(settings: Settings, tape: Tape, speed: float) -> Played:
    return Played(
        tape=str(tape.path),
        speed=speed,
        ticks={broker: len(script.ticks) for broker, script in tape.scripts.items()},
        ledgers={broker: script.ledger for broker, script in tape.scripts.items()},
        tiers={tier.name: tier.brokers for tier in settings.tiers()},
    )


def _wipe(folder: Folder) -> None:
    """Begin afresh; servers that an earlier demo was told to keep end now."""
    folder.kafka.stop()
    folder.clickhouse.stop()
    shutil.rmtree(folder.path)
    folder.path.mkdir()


def expected(tape: Tape, partitions: int) -> dict[str, int]:
    """Records that each broker's topic will hold: ticks, and session records on every partition."""
    return {broker: len(at.ticks) + len(at.events[0]) * partitions for broker, at in tape.scripts.items()}


class _Course:
    """One demo under way."""

    def __init__(
        self, settings: Settings, order: Order, tape: Tape, speed: float, folder: Folder, progress: Progress
    ) -> None:
        self._settings, self._order, self._tape = settings, order, tape
        self._speed, self._folder, self._progress = speed, folder, progress

    async def run(self) -> tuple[Audit, Summary]:
        await launch.fetch_jars(self._progress.say)
        async with Supervisor(self._folder.path, self._heard) as supervisor:
            settings = await self._start(supervisor)
            await self._play(supervisor, settings)
            self._progress.say("all is stored; counting every record")
            counted = await asyncio.to_thread(_count, settings)
            return counted, await asyncio.to_thread(summarise, settings.clickhouse)

    async def _start(self, supervisor: Supervisor) -> Settings:
        say = self._progress.say
        say("starting Kafka and ClickHouse; the kernels compile meanwhile, 10 to 15 s the first time")
        await asyncio.gather(
            launch.start_servers(supervisor, self._folder, keep=self._order.keep),
            launch.warm(supervisor),
        )
        stack = launch.stack_of(self._folder, DEMO, self._tape.brokers)
        settings = embedded(self._settings, stack)
        made, applied = await launch.provide(settings)
        self._folder.write(stack)
        say(f"{made} topics and {applied} migrations applied; starting the stream worker and the sink")
        await launch.start_workers(supervisor, settings, stack, self._folder.path, SOON)
        return settings

    async def _play(self, supervisor: Supervisor, settings: Settings) -> None:
        """Play the tape and wait until all that came of it is stored."""
        at = f"{self._speed:g} times as fast as the clock" if self._speed else "as fast as it goes"
        self._progress.say(f"{', '.join(self._tape.brokers)} publish {at}")
        arguments = [
            "collect",
            "run",
            "--part",
            "--tape",
            str(self._tape.path.absolute()),
            "--speed",
            f"{self._speed or 'max'}",
        ]
        env = environment(settings, self._folder.path)
        watch = await asyncio.to_thread(Watch, settings, expected(self._tape, settings.kafka.partitions))
        try:
            await supervisor.start(part("collect", arguments, env, once=True), COLLECT_S)
            await self._drained(supervisor, watch)
        finally:
            await asyncio.to_thread(watch.close)

    async def _drained(self, supervisor: Supervisor, watch: Watch) -> None:
        limit_s = self._order.within_s or self._limit_s()
        failing = asyncio.ensure_future(supervisor.failure())
        deadline_s = time.monotonic() + limit_s
        try:
            while (standing := await asyncio.to_thread(watch.look)).missing:
                self._show(standing)
                if time.monotonic() > deadline_s:
                    raise UpstreamError(_late(supervisor, standing, limit_s))
                await asyncio.wait({failing}, timeout=LOOK_S)
                if failing.done():
                    failing.result()
            self._show(standing)
        finally:
            failing.cancel()

    def _limit_s(self) -> float:
        ticks = sum(len(script.ticks) for script in self._tape.scripts.values())
        playing_s = (self._tape.end_us - self._tape.start_us) / 1_000_000 / self._speed if self._speed else 0.0
        return playing_s + ticks / TICKS_PER_S + GRACE_S

    def _show(self, standing: Standing) -> None:
        self._progress.count("published", standing.published, standing.expected)
        self._progress.count("processed", standing.processed, standing.expected)
        self._progress.count("stored", standing.sunk, standing.to_sink)

    def _heard(self, happening: Happening) -> None:
        if happening.state in TOLD:
            self._progress.say(f"{happening.part}: {happening.text}")


def _late(supervisor: Supervisor, standing: Standing, limit_s: float) -> str:
    fallen = [
        f"{at.name} ended with {at.last_exit}" for at in supervisor.status().parts if at.last_exit and at.restarts
    ]
    return (
        f"not done after {limit_s:.0f} s: {'; '.join([*standing.missing, *fallen])}; logs in {supervisor.home / 'logs'}"
    )


def _count(settings: Settings) -> Audit:
    tiers = settings.tiers()
    declared = topics.declared(settings.brokers, tiers, settings.kafka.partitions)
    names = [*(topics.ticks(broker) for broker in settings.brokers), *(topics.tier(tier.name) for tier in tiers)]
    by_id = schema_ids(settings.registry, declared.values()).by_id
    return audit(settings.kafka, [*names, topics.QUALITY], by_id)

"""Collects one broker of a tape: the script, the topic, who waits for whom, and the run."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from collectors.player import ScriptCollector
from collectors.replay.tape import SHIPPED, Tape, read_tape
from collectors.runner import Outcome, Report, Run
from collectors.tail import lacking_sessions
from infra.registry import schema_ids
from schemas import topics
from tierfeed.errors import UpstreamError
from tierfeed.settings import Settings

AWAIT_S = 60.0
AWAIT_STEP_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectSpec:
    """What to collect.

    `tape`: a file, or one that is read already. `speed`: N times as fast, 0 as fast as possible. `rebase`: the tape
    begins now (or at `rebase_at_us`, a whole second) and runs for ever, and commands are obeyed. `await_brokers`: no
    tick before the sessions of these brokers are on their topics, too. `standby`: no session before one is asked for.
    """

    broker: str
    tape: Path | Tape = SHIPPED
    speed: float = 0.0
    rebase: bool = False
    rebase_at_us: int | None = None
    await_brokers: tuple[str, ...] = ()
    standby: bool = False
    redistribution_permitted: bool = False


async def collect(
    settings: Settings,
    spec: CollectSpec,
    *,
    stop: asyncio.Event,
    progress: Report | None = None,
    go: asyncio.Event | None = None,
) -> Outcome:
    """Publish one broker of a tape until it ends or `stop` is set. No tick before `go` is set, where there is one.

    Raises ConfigError where the tape, the topic or what it holds does not fit, before anything is published;
    UpstreamError where the Kafka cluster does not take the records.
    """
    tape = spec.tape if isinstance(spec.tape, Tape) else await asyncio.to_thread(read_tape, spec.tape)
    script = tape.script(spec.broker)
    collector = ScriptCollector(
        script, speed=spec.speed, rebase=spec.rebase, rebase_at_us=spec.rebase_at_us, standby=spec.standby
    )
    topic = topics.PATTERNS["ticks"].topic(settings.kafka.partitions, broker=spec.broker)
    ids = await asyncio.to_thread(schema_ids, settings.registry, [topic])
    run = Run(
        settings.kafka,
        collector,
        ids,
        permitted=spec.redistribution_permitted,
        progress=progress,
        is_obeyed=spec.rebase,
        most_sessions=settings.broker_connections.get(spec.broker),
    )
    await run.prepare(script)

    async def gate() -> None:
        if spec.await_brokers:
            names = [topics.ticks(broker) for broker in spec.await_brokers]
            await _others(lambda left: lacking_sessions(settings.kafka, left, ids.by_id, script.start_us), names, stop)
        if go is not None:
            await _either(go, stop)

    return await run.to_end(stop, gate)


async def _others(lacking: Callable[[Sequence[str]], list[str]], names: list[str], stop: asyncio.Event) -> None:
    """Wait until the other brokers have announced. Raises UpstreamError."""
    deadline = time.monotonic() + AWAIT_S
    while not stop.is_set() and (names := await asyncio.to_thread(lacking, names)):
        if time.monotonic() > deadline:
            raise UpstreamError(f"no session on {', '.join(names)} within {AWAIT_S:g} s")
        await asyncio.sleep(AWAIT_STEP_S)


async def _either(go: asyncio.Event, stop: asyncio.Event) -> None:
    waits = [asyncio.ensure_future(event.wait()) for event in (go, stop)]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()

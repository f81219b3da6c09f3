"""The course of `up`: servers, topics and tables, registry, workers, collectors, until it is told to end."""

import asyncio
import contextlib
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from collectors.replay.tape import SHIPPED, Tape, read_tape
from infra.embedded import registry
from infra.embedded.ports import is_free
from infra.supervisor import Happening, PartState, Supervisor
from schemas import topics
from tierfeed.cli import launch
from tierfeed.cli.output import err
from tierfeed.cli.stack import SECURED, UP, Folder, Stack, embedded, environment, part
from tierfeed.errors import ConfigError
from tierfeed.settings import Settings

AHEAD_S = 5
"""The tape begins so much later: the collectors join it at its first second."""
COLLECT_S = 60.0
QUIET = (PartState.STARTING, PartState.FINISHED)

Tell = Callable[[Stack], None]


async def run(settings: Settings, tape: Path | None, tell: Tell, *, secure: bool = False) -> None:
    """Be up until SIGTERM or Ctrl-C; `tell` hears where everything listens.

    Raises BusyError where it is up already, ConfigError and UpstreamError.
    """
    kind, other = (SECURED, UP) if secure else (UP, SECURED)
    folder = Folder(settings.home / kind, secure=secure)
    if Folder(settings.home / other).running() is not None:
        raise ConfigError(f"{settings.home / other} is up: `tierfeed down` ends it; one of the two runs at a time")
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with folder.exclusive():
        settings.tiers()  # what is wrong with them is told before anything starts
        read = await asyncio.to_thread(read_tape, tape or SHIPPED)
        course = asyncio.ensure_future(_course(settings, read, folder, tell))
        stopping = asyncio.ensure_future(stop.wait())
        await asyncio.wait({course, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if course.done():
            await course
        _say("ending")
        course.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await course


async def _course(settings: Settings, tape: Tape, folder: Folder, tell: Tell) -> None:
    await launch.fetch_jars(_say)
    async with Supervisor(folder.path, _heard) as supervisor:
        _say("starting Kafka and ClickHouse; the kernels compile meanwhile, 10 to 15 s the first time")
        await asyncio.gather(launch.start_servers(supervisor, folder), launch.warm(supervisor))
        stack = launch.stack_of(folder, folder.path.name, tape.brokers)
        settings = embedded(settings, stack)
        await launch.provide(settings)
        if stack.secrets is not None:
            await asyncio.to_thread(launch.provide_rights, settings, Path(stack.secrets))
        with contextlib.ExitStack() as serving:
            stack = replace(stack, registry_url=serving.enter_context(_registry(settings, folder)))
            folder.write(stack)
            await launch.start_workers(supervisor, settings, stack, folder.path, {})
            await start_collectors(supervisor, embedded(settings, stack, "collectors"), tape, folder.path)
            tell(stack)
            await supervisor.failure()


async def start_collectors(supervisor: Supervisor, settings: Settings, tape: Tape, path: Path) -> int:
    """One for each broker, in step: they are told when the tape began. Returns that, in microseconds."""
    env = environment(settings, path)
    began_us = (int(time.time()) + AHEAD_S) * 1_000_000
    arguments = (
        "collect",
        "run",
        "--part",
        "--tape",
        str(tape.path.absolute()),
        "--rebase",
        "--rebase-at-us",
        str(began_us),
    )
    collectors = [part(f"collect-{broker}", (*arguments, "--broker", broker), env) for broker in tape.brokers]
    await asyncio.gather(*(supervisor.start(collector, COLLECT_S) for collector in collectors))
    return began_us


def _registry(settings: Settings, folder: Folder) -> contextlib.AbstractContextManager[str]:
    """The read part of a schema registry, where it was the last time if that is free: readers find it again."""
    declared = topics.declared(settings.brokers, settings.tiers(), settings.kafka.partitions)
    application = registry.app(declared.values())
    before = folder.noted()
    port = 0 if before is None or before.registry_url is None else urlsplit(before.registry_url).port or 0
    return registry.serve(application, port if is_free(port) else 0)


def _say(text: str) -> None:
    err().print(text, markup=False)


def _heard(happening: Happening) -> None:
    if happening.state not in QUIET:
        _say(f"{happening.part}: {happening.text}")

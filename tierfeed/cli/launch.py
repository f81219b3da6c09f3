"""Brings an embedded stack up: jars, Kafka, ClickHouse, topics, tables, and the parts that run on them."""

import asyncio
import contextlib
import json
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from confluent_kafka.admin import AdminClient

from infra import principals
from infra.embedded import jars
from infra.embedded.clickhouse import read_state
from infra.kafka import admin, apply, describe, plan_topics
from infra.parts import Server
from infra.supervisor import Supervisor
from schemas import topics
from sinks.setup import migrate
from tierfeed.cli.clusters import group_state
from tierfeed.cli.stack import DEMO, Folder, Stack, embedded, environment, part
from tierfeed.errors import ConfigError, UpstreamError
from tierfeed.settings import Settings

SERVER_S = 120.0
WARM_S = 300.0  # seconds of work, minutes on a machine that has other things to do
PART_S = 120.0
ASK_S = 0.2
MEGABYTE = 1_000_000

METER_FLUSH, UP_FLUSH_S = "TIERFEED_METER__FLUSH_S", "5"
AUTHORIZER_LOG = "TIERFEED_KAFKA__AUTHORIZER_LOG"

Say = Callable[[str], None]
Env = dict[str, str]


async def fetch_jars(say: Say) -> None:
    """Fill the cache of Kafka's jars where it is not complete. Raises UpstreamError that says what to do."""
    tenths: set[int] = set()
    guard = threading.Lock()

    def progress(done: int, total: int) -> None:
        with guard:
            if (tenth := done * 10 // total) not in tenths:
                tenths.add(tenth)
                say(f"fetching Kafka's jars, once: {done // MEGABYTE} of {total // MEGABYTE} MB")

    await asyncio.to_thread(jars.fetch, jars.read_lock(), progress=progress)


async def start_servers(supervisor: Supervisor, folder: Folder, *, keep: bool = False) -> None:
    """Kafka and ClickHouse, side by side. With `keep` they outlive the supervisor."""

    def left() -> None:
        """Whoever keeps a server ends it with `tierfeed down`."""

    kafka = Server(
        "kafka",
        lambda: folder.kafka.start(die_with_parent=not keep),
        folder.kafka.is_alive,
        left if keep else folder.kafka.stop,
    )
    clickhouse = Server(
        "clickhouse",
        lambda: folder.clickhouse.start(die_with_parent=not keep),
        lambda: _lives(folder),
        left if keep else folder.clickhouse.stop,
    )
    await asyncio.gather(supervisor.start(kafka, SERVER_S), supervisor.start(clickhouse, SERVER_S))


def _lives(folder: Folder) -> bool:
    state = read_state(folder.clickhouse.home)
    return state is not None and state.process() is not None


def stack_of(folder: Folder, kind: str, brokers: tuple[str, ...]) -> Stack:
    """Where the servers of a folder listen now. Raises UpstreamError where they do not answer."""
    kafka, clickhouse = folder.kafka.attach(), folder.clickhouse.attach()
    if kafka is None or clickhouse is None:
        raise UpstreamError(f"{'Kafka' if kafka is None else 'ClickHouse'} in {folder.path} does not answer")
    return Stack(
        kind,
        brokers,
        kafka.bootstrap_servers,
        clickhouse.url,
        secrets=kafka.secrets,
        clickhouse_secret=clickhouse.password_file,
        exporter_url=kafka.exporter_url,
    )


async def provide(settings: Settings) -> tuple[int, int]:
    """Topics and tables as this version needs them: how many of each were made. Raises ConfigError, UpstreamError."""
    return await asyncio.gather(
        asyncio.to_thread(provide_topics, settings), asyncio.to_thread(lambda: len(migrate(settings)))
    )


def provide_topics(settings: Settings) -> int:
    """Make what is declared and missing. Raises ConfigError where a topic cannot become what is declared."""
    client = admin(settings.kafka)
    declared = topics.declared(settings.brokers, settings.tiers(), settings.kafka.partitions)
    plan = plan_topics(declared, describe(client))
    if plan.problems:
        raise ConfigError(plan.problems)
    apply(plan, client, settings.kafka.replication_factor)
    return len(plan.create)


def provide_rights(settings: Settings, secrets: Path) -> None:
    """Users and rights of the product's own parts on a secured stack. Raises UpstreamError."""
    declared = topics.declared(settings.brokers, settings.tiers(), settings.kafka.partitions)
    passwords = json.loads(secrets.read_text())
    principals.provide(settings, admin(settings.kafka), declared.values(), passwords)


async def warm(supervisor: Supervisor) -> None:
    """Fill the compiler's cache once, so that the parts need not all do it at the same time."""
    await supervisor.start(part("warm", ("stream", "warm"), {}, once=True), WARM_S)
    await supervisor.finished("warm")


async def start_workers(supervisor: Supervisor, settings: Settings, stack: Stack, folder: Path, soon: Env) -> None:
    """The stream worker and the sink. Returns when their groups have their partitions."""
    streams, sinks, meter, sla = (
        environment(embedded(settings, stack, user), folder) | soon for user in ("streams", "sinks", "meter", "sla")
    )
    # A static member that is started again has its partitions at once; another's session has to time out first.
    workers = [
        part("stream", ("stream", "run", "--instance", "stream-1"), streams),
        part("sink", ("sink", "run"), sinks),
    ]
    if stack.kind != DEMO:
        workers.append(part("meter", ("meter", "run"), {METER_FLUSH: UP_FLUSH_S} | meter))
        workers.append(part("sla", ("sla", "run"), sla))
    if stack.secrets is not None:
        auditor = environment(embedded(settings, stack, "audit"), folder)
        told = {AUTHORIZER_LOG: str(folder / "kafka" / "authorizer.log")}
        workers.append(part("audit", ("audit", "run"), auditor | told))
    await asyncio.gather(*(supervisor.start(worker, PART_S) for worker in workers))
    client = admin(settings.kafka)
    async with _within(PART_S, "the stream worker and the sink have their partitions"):
        for group in groups_of(settings):
            await _assigned(client, group)


@contextlib.asynccontextmanager
async def _within(seconds: float, what: str) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise UpstreamError(f"waited {seconds:g} s in vain until {what}") from None


async def _assigned(client: AdminClient, group: str) -> None:
    while not (await asyncio.to_thread(group_state, client, group)).is_working:  # noqa: ASYNC110  another's state
        await asyncio.sleep(ASK_S)


def groups_of(settings: Settings) -> tuple[str, ...]:
    """The consumer groups of a deployment's own parts: tiers, latest, sink."""
    return (f"{settings.stream.app_id}-tiers", f"{settings.stream.app_id}-latest", settings.sink.app_id)

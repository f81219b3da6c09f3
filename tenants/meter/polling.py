"""Metering where Kafka's own record of commits may not be read: one elected meter asks every group, again and again.

It sees where groups are, not every step: what lies between two answers counts as one move, and who has set a position
is not known.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, Final

import confluent_kafka as ck
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from infra.aio import connection
from infra.principals import METER_GROUP
from schemas import topics
from tenants.meter.commits import Commit
from tenants.meter.ranges import Source
from tenants.meter.teller import Teller
from tierfeed.domain.tenants import tenant_of_group
from tierfeed.errors import UpstreamError
from tierfeed.settings import KafkaSettings, Settings

NO_LOG: Final = -1
"""In place of a partition of the log."""
LOOK_S: Final = 0.2
SECOND_US: Final = 1_000_000


def run_polling(settings: Settings, stop: threading.Event, ready: Callable[[], Any] = lambda: None) -> None:
    """Meter until `stop` is set, while elected. Raises ConfigError and UpstreamError. Blocks."""
    election = _Election(settings.kafka)
    teller: Teller | None = None
    due_s = 0.0
    ready()
    try:
        while not stop.is_set():
            if not election.is_won():
                teller = None  # whoever leads now has moved on
                continue
            if teller is None:
                teller = Teller(settings)
                teller.prepare()
            if time.monotonic() >= due_s:
                for commit in asyncio.run(_asked(settings.kafka)):
                    teller.hear(commit, Source(NO_LOG, commit.committed_at_us))
                teller.tell()
                due_s = time.monotonic() + settings.meter.flush_s
    finally:
        election.close()


class _Election:
    """Whoever has the first partition of `usage` leads: the group gives it to one."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self._candidate = ck.Consumer(
            kafka.client(group_id=METER_GROUP, enable_auto_commit=False, session_timeout_ms=10_000)
        )
        self._candidate.subscribe([topics.USAGE])

    def is_won(self) -> bool:
        """Waits a moment. What the topic holds is of no interest."""
        message = self._candidate.poll(LOOK_S)
        if message is not None and message.error() is not None and message.error().fatal():
            raise UpstreamError(f"the meters' election has failed: {message.error().str()}")
        mine = self._candidate.assignment()
        self._candidate.pause(mine)
        return any(at.partition == 0 for at in mine)

    def close(self) -> None:
        self._candidate.close()


async def _asked(kafka: KafkaSettings) -> Iterable[Commit]:
    """What every tenant's group has committed, as of now. Raises UpstreamError."""
    client = AIOKafkaAdminClient(**connection(kafka))
    found = []
    try:
        await client.start()
        groups = {name for name, *_ in await client.list_consumer_groups() if tenant_of_group(name) is not None}
        for group in sorted(groups):
            offsets = await client.list_consumer_group_offsets(group)
            for tp, at in sorted(offsets.items()):
                if at.offset >= 0:
                    # Each its own place in time: it is what the ranges are told apart by.
                    now_us, metadata = int(time.time() * SECOND_US), (at.metadata or "").rstrip("\0")
                    found.append(Commit(group, tp.topic, tp.partition, at.offset, metadata, now_us))
    except KafkaError as error:
        raise UpstreamError(f"Kafka cluster {kafka.bootstrap_servers}: {error!r}") from error
    finally:
        await client.close()
    return found

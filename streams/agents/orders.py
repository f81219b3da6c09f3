"""Reads the topic `control` beside the work, and answers there. A shell: decisions are those of `streams.orders`."""

import asyncio
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, TypeVar

import confluent_kafka as ck
import structlog

from infra.control import Control
from infra.principals import ALONE
from streams.orders import Duties, View
from tierfeed.errors import UpstreamError
from tierfeed.settings import KafkaSettings

log = structlog.get_logger(__name__)

POLL_S: Final = 0.25
AGAIN_S: Final = 10.0
READY_S: Final = 10.0

Result = TypeVar("Result")


class OrderListener:
    """Keeps the `duties` up to date. `views`: the shards in work that have a live clock."""

    def __init__(
        self, kafka: KafkaSettings, duties: Duties, topic: str, views: Callable[[], Mapping[int, View]]
    ) -> None:
        self.duties = duties
        self._kafka, self._topic, self._views = kafka, topic, views
        self._tried = asyncio.Event()
        # Of its own: what waits for Kafka here keeps nobody else waiting, and one thread at a time uses the connection.
        self._thread = ThreadPoolExecutor(1, "control")
        self._trouble = ""

    async def ready(self) -> None:
        """Wait until what is ordered is known, or it has been tried in vain to read it."""
        try:
            await asyncio.wait_for(self._tried.wait(), READY_S)
        except TimeoutError:
            log.warning("the topic control has not been read yet: what is ordered there is obeyed later")

    async def run(self) -> None:
        """Listen until cancelled. Without the topic, or without Kafka, it is told once, and tried again and again."""
        while True:
            try:
                await self._listen()
            except (UpstreamError, ck.KafkaException) as error:
                if str(error) != self._trouble:
                    self._trouble = str(error)
                    log.warning("orders are not heard", reason=self._trouble, again_s=AGAIN_S)
            self._tried.set()
            await asyncio.sleep(AGAIN_S)

    async def _listen(self) -> None:
        control = await self._aside(Control, self._kafka, ALONE["streams"])
        try:
            partitions = await self._aside(control.partitions, self._topic)
            while True:
                before = set(self._views())
                for said in await self._aside(control.poll, POLL_S):
                    self.duties.hear(said)
                if control.is_behind:
                    continue
                self.duties.look(_now_us())
                self._tried.set()
                self._trouble = ""
                await self._answer(control, before, partitions)
        finally:
            await self._aside(control.close)

    async def _answer(self, control: Control, before: set[int], partitions: int) -> None:
        """Of the shards that were ours before the topic was read: all that earlier owners answered is known then."""
        views = {p: view for p, view in self._views().items() if p in before}
        answers = self.duties.answers(views, partitions, _now_us())
        if not answers:
            return
        await self._aside(control.tell, *answers)
        for said in answers:
            self.duties.hear(said)
            log.info(
                "answered an order", command=said.command.id, action=said.command.action.name, step=said.step.name,
                reason=said.reason,
            )  # fmt: skip

    async def _aside(self, function: Callable[..., Result], *arguments: object) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, partial(function, *arguments))


def _now_us() -> int:
    return time.time_ns() // 1000

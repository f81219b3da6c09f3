"""A group's division among its members, as aiokafka tells it."""

import asyncio
from collections.abc import Awaitable, Callable

from aiokafka.abc import ConsumerRebalanceListener


class Rebalances(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """aiokafka's word of what is ours no longer, and of what is ours now."""

    def __init__(self, lose: Callable[[], Awaitable[None]], settled: asyncio.Event) -> None:
        self._lose, self._settled = lose, settled

    async def on_partitions_revoked(self, _: object) -> None:
        await self._lose()

    async def on_partitions_assigned(self, _: object) -> None:
        self._settled.set()

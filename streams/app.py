"""The stream apps: `tiers` (broker topics to tier topics) and `latest` (tier topics to their compacted twins)."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any, Protocol

from infra.batches import FetchedBatch
from infra.consumer import Placement
from infra.transport import BatchApp, batch_app, run
from streams.agents.latest import LatestWorker
from streams.agents.tiers import TierWorker
from tierfeed.settings import Settings


class Worker(Placement, Protocol):
    """What an agent is the shell of."""

    app: BatchApp

    def on_batch(self, batch: FetchedBatch) -> None: ...


async def run_tiers(
    settings: Settings, ids: dict[str, int], stop: asyncio.Event, *, instance: str | None = None,
    ready: Callable[[], None] = lambda: None,
) -> None:  # fmt: skip
    """Turn broker topics into tier topics until `stop` is set."""
    worker = TierWorker(settings, ids)
    app = _app(settings, f"{settings.stream.app_id}-tiers", list(worker.topics), worker, instance)
    try:
        await _serve(app, worker, worker.beside(), stop, ready)
    finally:
        worker.close()


async def run_latest(
    settings: Settings, ids: dict[str, int], stop: asyncio.Event, *, instance: str | None = None,
    ready: Callable[[], None] = lambda: None,
) -> None:  # fmt: skip
    """Keep every tier's latest topic until `stop` is set."""
    worker = LatestWorker(settings, ids)
    app = _app(settings, f"{settings.stream.app_id}-latest", list(worker.records), worker, instance)
    await _serve(app, worker, worker.flush_due(), stop, ready)


def _app(settings: Settings, app_id: str, topics: list[str], worker: Worker, instance: str | None) -> BatchApp:
    stream = settings.stream
    app = batch_app(
        app_id,
        topics,
        settings.kafka,
        worker,
        session_timeout_ms=stream.session_timeout_ms,
        commit_interval_s=stream.commit_interval_s,
        batch_records=stream.batch_records,
        delivery_timeout_ms=stream.delivery_timeout_ms,
        instance_id=instance,
    )
    worker.app = app

    @app.agent(app.source)  # type: ignore[untyped-decorator]  # Faust has no types
    async def batches(stream: AsyncIterator[FetchedBatch]) -> None:
        async for batch in stream:
            try:
                worker.on_batch(batch)
            except Exception as error:  # noqa: BLE001  leaving the agent, it would acknowledge the batch
                app.fail(error)
                await asyncio.Event().wait()

    return app


async def _serve(
    app: BatchApp,
    worker: Worker,
    beside: Coroutine[Any, Any, None],
    stop: asyncio.Event,
    ready: Callable[[], Awaitable[None] | None],
) -> None:
    task = asyncio.create_task(beside)
    task.add_done_callback(lambda done: _hear(app, done))
    try:
        await run(app, stop, ready)
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await task


def _hear(app: BatchApp, done: asyncio.Task[None]) -> None:
    if not done.cancelled() and (error := done.exception()) is not None:
        app.fail(error)

"""`tierfeed stream`: the workers that turn broker topics into tier topics."""

import asyncio
from enum import StrEnum
from functools import partial
from typing import Annotated

import typer

from infra.parts import say_ready
from infra.registry import schema_ids
from schemas import topics
from tierfeed.cli.service import serve
from tierfeed.cli.stack import reached
from tierfeed.settings import Settings, load_settings

app = typer.Typer(name="stream", help="Stream workers: broker topics to tier topics.", no_args_is_help=True)


class StreamPart(StrEnum):
    """What a worker may do."""

    TIERS = "tiers"
    LATEST = "latest"


@app.command()
def run(
    part: Annotated[
        StreamPart | None, typer.Option(help="Only this: tiers, or the compacted latest topics. Without it: both.")
    ] = None,
    instance: Annotated[
        str | None, typer.Option(help="Static group membership: a name that no other worker has at the same time.")
    ] = None,
) -> None:
    """Turn broker topics into tier topics until SIGTERM or Ctrl-C. Workers of one app share the partitions.

    Example: tierfeed stream run --part tiers --instance worker-1
    """
    settings = reached(load_settings())
    parts = tuple(StreamPart) if part is None else (part,)
    name = "stream" if part is None else f"stream-{part}"
    serve(settings, name, lambda stop: _work(settings, parts, instance, stop))


@app.command()
def warm() -> None:
    """Compile the kernels and the codec, or find them in the cache: one to two minutes the first time, then seconds.

    Example: tierfeed stream warm
    """
    _warm(load_settings())


def _warm(settings: Settings) -> None:
    from streams.warm import warm as warm_up  # numba

    warm_up(settings)


async def _work(settings: Settings, parts: tuple[StreamPart, ...], instance: str | None, stop: asyncio.Event) -> None:
    """The parts side by side; the first that fails ends them all."""
    from streams.app import run_latest, run_tiers  # faust and numba

    await asyncio.to_thread(_warm, settings)
    declared = topics.declared(settings.brokers, settings.tiers(), settings.kafka.partitions)
    ids = dict(await asyncio.to_thread(schema_ids, settings.registry, declared.values()))
    runs = {StreamPart.TIERS: run_tiers, StreamPart.LATEST: run_latest}
    waiting = set(parts)

    def ready_of(part: StreamPart) -> None:
        waiting.discard(part)
        if not waiting:
            say_ready()

    await asyncio.gather(
        *(runs[part](settings, ids, stop, instance=instance, ready=partial(ready_of, part)) for part in parts)
    )

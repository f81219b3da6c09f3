"""`tierfeed collect`: broker sessions to broker topics."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.parts import say_ready
from tierfeed.cli.output import Json, emit, show
from tierfeed.cli.service import serve
from tierfeed.cli.stack import reached
from tierfeed.errors import ConfigError
from tierfeed.settings import Settings, load_settings

if TYPE_CHECKING:
    from collectors.collect import CollectSpec
    from collectors.runner import Outcome

app = typer.Typer(name="collect", help="Collectors: broker sessions to broker topics.", no_args_is_help=True)

Speed = Annotated[
    str | None, typer.Option(help="How many times faster than the clock; max: as fast as it goes.", metavar="max|N")
]
TapeFile = Annotated[Path | None, typer.Option(help="The tape's file; without it the tape that tierfeed ships.")]


@app.command()
def run(
    broker: Annotated[
        list[str] | None, typer.Option(help="Whose ticks; several play in step in one process. Without it: all.")
    ] = None,
    tape: TapeFile = None,
    speed: Speed = "max",
    rebase: Annotated[bool, typer.Option("--rebase", help="Play it as if it happened now, again and again.")] = False,
    rebase_at_us: Annotated[
        int | None,
        typer.Option(help="With --rebase: when the tape began, a whole second in µs; keeps brokers in step."),
    ] = None,
    others: Annotated[
        list[str] | None, typer.Option("--await", help="No tick before this broker's sessions are announced, too.")
    ] = None,
    standby: Annotated[
        bool, typer.Option("--standby", help="With --rebase: no session before START_SESSION asks for one.")
    ] = False,
    part: Annotated[bool, typer.Option("--part", hidden=True, help="Tell a supervisor when it is ready.")] = False,
    json: Json = False,
) -> None:
    """Publish the ticks of a tape to its brokers' topics, from where they end on. Ends with the tape.

    With --rebase it obeys commands: see `tierfeed brokers command`.

    Example: tierfeed collect run --broker fxcm --tape TAPE.yaml --speed 60
    """
    from collectors.collect import CollectSpec
    from collectors.replay.tape import SHIPPED, read_tape  # numba
    from collectors.script import second_after

    settings, times = reached(load_settings()), speed_of(speed)
    read = read_tape(tape or SHIPPED)
    names = tuple(broker) if broker else read.brokers
    for name in names:
        read.script(name)  # raises where the tape has no such broker
    awaited = tuple(others or ())
    if rebase and rebase_at_us is None:
        rebase_at_us = second_after(time.time_ns() // 1000)  # one for all: they play in step
    playing = CollectSpec(
        broker="",
        tape=read,
        speed=times,
        rebase=rebase,
        rebase_at_us=rebase_at_us,
        await_brokers=awaited,
        standby=standby,
    )
    outcomes: list[Outcome] = []

    async def work(stop: asyncio.Event) -> None:
        specs = [replace(playing, broker=name) for name in names]
        outcomes.extend(await collect_all(settings, specs, stop, say_ready if part else lambda: None))

    serve(settings, f"collect-{names[0]}" if len(names) == 1 else "collect", work)
    _tell(outcomes, json)


def speed_of(text: str | None) -> float:
    """0 for max. Raises ConfigError."""
    if text is None or text == "max":
        return 0.0
    try:
        speed = float(text)
    except ValueError:
        speed = -1.0
    if not 0 < speed < float("inf"):
        raise ConfigError(f"--speed must be max or a number above 0, was {text!r}")
    return speed


async def collect_all(
    settings: Settings, specs: Sequence["CollectSpec"], stop: asyncio.Event, ready: Callable[[], None]
) -> list["Outcome"]:
    """Play the brokers in step: the first tick of any goes out when the sessions of all are announced."""
    from collectors.collect import collect
    from collectors.runner import Progress

    go, announced = asyncio.Event(), set[str]()

    def heard(progress: Progress) -> None:
        announced.add(progress.broker)
        if len(announced) == len(specs) and not go.is_set():
            go.set()
            ready()

    # A task group: where one broker fails, the others must not play on alone.
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(collect(settings, spec, stop=stop, progress=heard, go=go)) for spec in specs]
    except* Exception as failed:
        raise failed.exceptions[0] from failed
    return [task.result() for task in tasks]


def _tell(outcomes: Sequence["Outcome"], json: bool) -> None:
    rows: list[dict[str, Any]] = [
        {
            "broker": outcome.broker,
            "feed": outcome.feed.name.lower(),
            "published": outcome.published,
            "found": outcome.found,
            "dead_letters": outcome.dead,
        }
        for outcome in outcomes
    ]
    if json:
        emit(rows)
    else:
        show(("broker", "feed", "published", "already there", "dead letters"), [list(row.values()) for row in rows])

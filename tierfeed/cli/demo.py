"""`tierfeed demo`: the whole line once, on real parts, with every figure checked at the end."""

import asyncio
from typing import Annotated

import typer

from tierfeed.cli.collect import TapeFile
from tierfeed.cli.output import Json, emit
from tierfeed.cli.shell import PROBLEM
from tierfeed.settings import load_settings


def demo(
    tape: TapeFile = None,
    speed: Annotated[
        str | None,
        typer.Option(
            metavar="max|N",
            help="How many times faster than the clock; max: as fast as it goes. Without it: 120 for the shipped tape, "
            "max for others.",
        ),
    ] = None,
    within: Annotated[
        float | None, typer.Option(metavar="SECONDS", min=1, help="Give up when it takes longer.")
    ] = None,
    keep: Annotated[
        bool,
        typer.Option("--keep", help="Leave its Kafka and ClickHouse running at the end; `tierfeed down` ends them."),
    ] = False,
    json: Json = False,
) -> None:
    """Run the whole line once on a tape and print what came of it. Needs nothing but itself.

    Kafka and ClickHouse start in a fresh folder, brokers publish, workers make the tier topics, the sink stores
    everything; then every record is counted. Exit code 1 where one is lost or doubled.

    Example: tierfeed demo --tape TAPE.yaml --speed max --json
    """
    from tierfeed.cli.run_demo import Order, run  # numba
    from tierfeed.cli.tell import tell

    try:
        figures, kept = asyncio.run(run(load_settings(), Order(tape=tape, speed=speed, within_s=within, keep=keep)))
    except asyncio.CancelledError:  # by SIGTERM, which is taken as Ctrl-C is
        raise KeyboardInterrupt from None
    if json:
        emit(figures.document())
    else:
        tell(figures, kept)
    if figures.problems:
        raise typer.Exit(PROBLEM)

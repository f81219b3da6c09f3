"""`tierfeed drill`: a scripted incident on simulated brokers, and what is noticed and done about it."""

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tierfeed.cli.output import Json, emit
from tierfeed.cli.shell import PROBLEM
from tierfeed.settings import load_settings

FOLDER = Path(__file__).parents[1] / "drills"
Name = StrEnum("Name", {path.stem: path.stem for path in sorted(FOLDER.glob("*.yaml"))})  # type: ignore[misc]


def drill(
    name: Annotated[Name, typer.Argument(help="Which incident.")],
    json: Json = False,
) -> None:
    """Run an incident on simulated brokers in a stack of its own, and tell what came of it. Five to ten minutes.

    Exit code 1 where something that was to be found was not, or something else was.

    Example: tierfeed drill broker-outage
    """
    from tierfeed.cli.run_drill import run  # numba
    from tierfeed.cli.tell_drill import tell

    try:
        outcome = asyncio.run(run(load_settings(), FOLDER / f"{name.value}.yaml"))
    except asyncio.CancelledError:  # by SIGTERM, which is taken as Ctrl-C is
        raise KeyboardInterrupt from None
    if json:
        emit(outcome.document())
    else:
        tell(outcome)
    if outcome.problems:
        raise typer.Exit(PROBLEM)

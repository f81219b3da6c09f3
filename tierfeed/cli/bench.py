"""`tierfeed bench`: the side-by-side benchmarks of a source checkout; they are no part of what is installed."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

import tierfeed
from tierfeed.errors import ConfigError

CHECKOUT = Path(tierfeed.__file__).parents[1]


def bench(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="[stream|latency|sink|catchup] [--json]", help="One measurement alone; without it all."),
    ] = None,
) -> None:
    """Measure the line beside stock Faust, Quix Streams and Kafka Streams, on this machine.

    Example: tierfeed bench stream --json
    """
    if not (CHECKOUT / "bench" / "__main__.py").is_file():
        raise ConfigError(f"the benchmarks come with the sources, and {CHECKOUT / 'bench'} is not there")
    done = subprocess.run([sys.executable, "-m", "bench", *(arguments or [])], cwd=CHECKOUT, check=False)
    raise typer.Exit(done.returncode)

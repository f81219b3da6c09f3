"""`tierfeed bench`: the measurements of the repository's bench/, which is not part of the installed product."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from tierfeed.errors import ConfigError

ROOT = Path(__file__).parents[2]

app = typer.Typer(name="bench", help="Measurements, from a clone of the repository.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Ticks = Annotated[int | None, typer.Option(min=1000, help="Instead of the measurement's own number.")]


@app.command()
def stream(json: Json = False, ticks: Ticks = None) -> None:
    """CPU per tick of the stream job, beside stock Faust, Quix Streams and Kafka Streams.

    Example: tierfeed bench stream --json
    """
    _measure("stream", json, ticks)


@app.command()
def latency(json: Json = False) -> None:
    """Broker topic to tier topic, beside the direct hop and stock Faust.

    Example: tierfeed bench latency --json
    """
    _measure("latency", json, None)


@app.command()
def sink(json: Json = False, ticks: Ticks = None) -> None:
    """CPU per tick and memory of the sink and the embedded database.

    Example: tierfeed bench sink --json
    """
    _measure("sink", json, ticks)


@app.command()
def catchup(json: Json = False, ticks: Ticks = None) -> None:
    """A worker over a backlog, compared with the reference record by record.

    Example: tierfeed bench catchup --json
    """
    _measure("catchup", json, ticks)


@app.command()
def tenants(json: Json = False) -> None:
    """Ten thousand tenants: plan and apply, the authorizer, a meter's cycle, questions about usage.

    Example: tierfeed bench tenants --json
    """
    _measure("tenants", json, None)


@app.command()
def business(json: Json = False) -> None:
    """Ten thousand tenants over a month: rollups, and every report by its command.

    Example: tierfeed bench business --json
    """
    _measure("business", json, None)


def _measure(name: str, json: bool, ticks: int | None) -> None:
    if not (ROOT / "bench" / "__main__.py").is_file():
        raise ConfigError(
            f"bench is not part of the installed package: {ROOT} has no bench/. "
            f"Run it in a clone of the repository, with `make bench` or `.venv/bin/tierfeed bench {name}`"
        )
    more = [*(["--json"] if json else []), *(["--ticks", str(ticks)] if ticks else [])]
    raise typer.Exit(subprocess.run([sys.executable, "-m", "bench", name, *more], cwd=ROOT, check=False).returncode)

"""`tierfeed sink`: topics to ClickHouse."""

from dataclasses import asdict
from functools import partial
from typing import Annotated

import typer

from infra.parts import say_ready
from tierfeed.cli.output import Json, emit, show
from tierfeed.cli.service import serve
from tierfeed.cli.stack import reached
from tierfeed.settings import Settings, load_settings

app = typer.Typer(name="sink", help="Sinks: topics to ClickHouse.", no_args_is_help=True)


@app.command()
def run() -> None:
    """Store ticks, tier quotes and quality windows in ClickHouse until SIGTERM or Ctrl-C, every record once.

    Example: tierfeed sink run
    """
    from analytics.ops.terms import calendar_now
    from sinks.agents import run_sink  # faust and numba

    settings = reached(load_settings())
    serve(settings, "sink", lambda stop: run_sink(settings, stop, say_ready, partial(calendar_now, settings)))


@app.command()
def rollups(
    everything: Annotated[bool, typer.Option("--all", help="Compute anew whatever is still stored.")] = False,
    json: Json = False,
) -> None:
    """Bring the hours and days that reports rest on up to date, once. `sink run` does so every minute.

    Example: tierfeed sink rollups
    """
    found = bring_rollups(reached(load_settings()), everything=everything)
    if json:
        emit(found)
    else:
        show(("rollup", "computed"), found.items())


def bring_rollups(settings: Settings, *, everything: bool = False) -> dict[str, int]:
    """How many hours and days were computed, by rollup. Raises UpstreamError."""
    from analytics.ops.terms import calendar_now
    from sinks.connection import Connection  # clickhouse-connect
    from sinks.rollups import PATIENCE, Rollups

    connection = Connection(settings.clickhouse, PATIENCE)
    try:
        rollups = Rollups(connection, partial(calendar_now, settings))
        return asdict(rollups.recompute_all() if everything else rollups.refresh())
    finally:
        connection.close()

"""`tierfeed sink`: topics to ClickHouse."""

import typer

from infra.parts import say_ready
from tierfeed.cli.service import serve
from tierfeed.cli.stack import reached
from tierfeed.settings import load_settings

app = typer.Typer(name="sink", help="Sinks: topics to ClickHouse.", no_args_is_help=True)


@app.command()
def run() -> None:
    """Store ticks, tier quotes and quality windows in ClickHouse until SIGTERM or Ctrl-C, every record once.

    Example: tierfeed sink run
    """
    from sinks.agents import run_sink  # faust and numba

    settings = reached(load_settings())
    serve(settings, "sink", lambda stop: run_sink(settings, stop, say_ready))

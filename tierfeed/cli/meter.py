"""`tierfeed meter`: what tenants consume, told from their commits."""

import typer

from infra.parts import say_ready
from tierfeed.cli.service import in_thread, serve
from tierfeed.cli.stack import reached
from tierfeed.settings import load_settings

app = typer.Typer(name="meter", help="The meter: groups' commits to usage.", no_args_is_help=True)


@app.command()
def run() -> None:
    """Turn the commits in Kafka's own record of them into usage ranges until SIGTERM or Ctrl-C.

    Where it goes on, ClickHouse says. Two at once tell the same, and change no figure.

    Example: tierfeed meter run
    """
    from tenants.meter.meter import run_meter

    settings = reached(load_settings())
    serve(settings, "meter", in_thread(lambda ended: run_meter(settings, ended, say_ready)))

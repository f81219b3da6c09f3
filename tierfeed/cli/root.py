"""The root command: one file per noun. What is heavy to import, the command that needs it imports."""

from importlib.metadata import version
from typing import Annotated

import typer

from tierfeed.cli import (
    auditor,
    bench,
    brokers,
    close,
    collect,
    config,
    consume,
    crediting,
    demo,
    doctor,
    drill,
    gaps,
    groups,
    history,
    meter,
    ops,
    report,
    rights,
    schemas,
    sink,
    sla,
    sql,
    stream,
    tables,
    tenants,
    top,
    topics,
    up,
    usage,
)
from tierfeed.cli.shell import Shell

app = typer.Typer(
    cls=Shell,
    name="tierfeed",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="FX broker ticks, cleaned and consolidated on Kafka, served as graded data products.",
    epilog="Begin with: tierfeed demo",
)

commands = (
    demo.demo, drill.drill, up.up, up.down, up.status, top.top, consume.consume, history.history, usage.usage,
    gaps.gaps, close.close, doctor.doctor,
)  # fmt: skip
for command in commands:
    app.command()(command)
# A statement may begin with a comment, which is no option.
app.command(context_settings={"ignore_unknown_options": True})(sql.sql)
nouns = (
    collect,
    stream,
    sink,
    meter,
    auditor,
    topics,
    schemas,
    tables,
    rights,
    tenants,
    brokers,
    sla,
    crediting,
    ops,
    groups,
    report,
    config,
    bench,
)
for noun in nouns:
    app.add_typer(noun.app)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(version("tierfeed"))
        raise typer.Exit


@app.callback()
def root(
    _version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Commands that print a table print one JSON value with --json.

    Exit codes: 0 fine, 1 found a problem, 2 bad settings or input, 3 something upstream is away, 130 interrupted.
    """

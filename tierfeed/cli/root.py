"""The root command: one file per noun. Only the file of the command that was asked for is imported."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any, Final, cast

import typer
from typer.main import get_group

from tierfeed.cli.shell import Shell

COMMANDS: Final = (
    "demo", "drill", "up", "down", "status", "top", "consume", "history", "usage", "gaps", "close", "doctor", "sql",
    "collect", "stream", "sink", "meter", "audit", "topics", "schemas", "tables", "rights", "tenants", "brokers", "sla",
    "credits", "ops", "groups", "report", "config", "bench",
)  # fmt: skip
"""As help lists them."""
FILES: Final[Mapping[str, str]] = {"down": "up", "status": "up", "audit": "auditor", "credits": "crediting"}
"""Of the commands whose file has another name."""
CONTEXT: Final[Mapping[str, Mapping[str, Any]]] = {
    "sql": {"ignore_unknown_options": True},  # a statement may begin with a comment, which is no option
}


class Commands(Mapping[str, Any]):
    """Name → command, which is imported when it is looked up."""

    def __getitem__(self, name: str) -> Any:
        if name not in COMMANDS:
            raise KeyError(name)
        module = import_module(f"tierfeed.cli.{FILES.get(name, name)}")
        holder = typer.Typer()
        if hasattr(module, "app"):
            holder.add_typer(module.app)
        else:
            holder.command(context_settings=dict(CONTEXT.get(name, {})))(getattr(module, name))
        return get_group(holder).commands[name]

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


class Root(Shell):
    """Says what there is without importing it, and imports what is asked for."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = cast(Any, Commands())

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)


app = typer.Typer(
    cls=Root,
    name="tierfeed",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="FX broker ticks, cleaned and consolidated on Kafka, served as graded data products.",
    epilog="Begin with: tierfeed demo",
)


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

"""`tierfeed tables`: the numbered migrations in sinks/migrations, and what the database has seen."""

from collections.abc import Sequence

import typer

from infra.clickhouse import Migration
from sinks import setup
from tierfeed.cli.output import Json, emit, out, show
from tierfeed.cli.shell import PROBLEM
from tierfeed.cli.stack import reached
from tierfeed.settings import load_settings

app = typer.Typer(name="tables", help="Tables: plan, apply.", no_args_is_help=True)


@app.command()
def plan(json: Json = False) -> None:
    """Show the migrations that the database has not seen. Exit code 1 where there are any.

    Example: tierfeed tables plan
    """
    pending = setup.pending(reached(load_settings()))
    _tell(pending, "to be applied", json)
    if pending:
        raise typer.Exit(PROBLEM)


@app.command()
def apply(json: Json = False) -> None:
    """Bring the database up to date, and make it where it is not there.

    Example: tierfeed tables apply
    """
    _tell(setup.migrate(reached(load_settings())), "applied", json)


def _tell(migrations: Sequence[Migration], what: str, json: bool) -> None:
    if json:
        emit([migration.file for migration in migrations])
    elif migrations:
        show(
            ("migration", "statements"), [(migration.file, len(migration.statements)) for migration in migrations], what
        )
    else:
        out().print("the tables are up to date")

"""What commands print: a table for people, one JSON value for programs. Nothing else goes to standard output."""

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

WIDE = 240
"""Columns where the output is no terminal: whoever reads it wraps it himself."""

Json = Annotated[bool, typer.Option("--json", help="Print one JSON value instead of a table.")]


def out() -> Console:
    """Standard output. Colours only on a terminal, and not where NO_COLOR is set."""
    return Console(file=sys.stdout, highlight=False, emoji=False, width=None if sys.stdout.isatty() else WIDE)


def err() -> Console:
    """Standard error: progress and happenings."""
    return Console(file=sys.stderr, highlight=False, emoji=False, width=None if sys.stderr.isatty() else WIDE)


def show(columns: Sequence[str], rows: Iterable[Sequence[object]], title: str | None = None) -> None:
    """A table. Numbers stand at the right, with thousands apart; None is a dash."""
    listed = [list(row) for row in rows]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for at, name in enumerate(columns):
        numbers = bool(listed) and all(row[at] is None or _is_number(row[at]) for row in listed)
        table.add_column(name, justify="right" if numbers else "left", overflow="fold")
    for row in listed:
        table.add_row(*(Text(text(value)) for value in row))  # a text, for a value may look like markup
    console = out()
    if title is not None:
        console.print(title, style="bold", markup=False)
    console.print(table)


def text(value: object) -> str:
    """One value as a person reads it."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.10g}"
    if isinstance(value, list | tuple):
        return ", ".join(text(entry) for entry in value)
    return str(value)


def emit(value: Any) -> None:
    """One JSON value on standard output."""
    typer.echo(json.dumps(value, default=_plain, ensure_ascii=False))


def _plain(value: object) -> object:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return str(value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)

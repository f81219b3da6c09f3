"""A page as one HTML file: style, script, charts and data are in it, and nothing is fetched when it is opened."""

import base64
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from analytics.figures import Figure, Status
from analytics.reports import drawing, text
from analytics.reports.page import Calendar, Cell, Column, NoChart, Page, Table, Unit, slug

ASSETS: Final = Path(__file__).with_name("assets")
ECHARTS: Final = "echarts.common.min.js"
SHOWN: Final = 25
"""Rows of a table that stand there before somebody asks for all; a table a little longer is not cut."""
SLACK: Final = 10
WIDE: Final = 8
"""A table with more columns is printed on a page that lies."""
LONG: Final = 36
"""A text of more letters may be broken into lines."""


@dataclass(frozen=True, slots=True)
class Note:
    """How something was come by: shown when it is pointed at or focused, and listed at the page's end."""

    anchor: str
    title: str
    formula: str
    version: str | None


class Notes:
    """Every formula of a page, each once."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str, str | None], Note] = {}

    def figure(self, figure: Figure) -> Note:
        return self._note(text.worded(figure.metric), figure.formula, figure.formula_version)

    def column(self, column: Column) -> Note | None:
        return None if column.formula is None else self._note(column.title, column.formula, None)

    def _note(self, title: str, formula: str, version: str | None) -> Note:
        key = (title, formula, version)
        return self._kept.setdefault(key, Note(f"how-{len(self._kept) + 1}", *key))

    def __iter__(self) -> Any:
        return iter(self._kept.values())


def html(page: Page) -> str:
    """The page. Whatever a name contains is text in it: never markup, never script."""
    charts = [chart for section in page.sections for chart in section.charts]
    data = [found for chart in charts if (found := drawing.drawn(chart)) is not None]
    script = _asset("page.js")
    scripts = [_asset(ECHARTS), script] if data else [script]
    return _environment().get_template("page.html.j2").render(
        page=page,
        notes=Notes(),
        style=Markup(_asset("page.css")),
        scripts=[Markup(each) for each in scripts],
        policy=_policy(scripts),
        data=_json(data),
        tables=[table for section in page.sections for table in section.tables],
    )  # fmt: skip


def _policy(scripts: Iterable[str]) -> str:
    """Nothing may be fetched, and no script may run but those that the file came with."""
    sums = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{each}'" for each in sums)
    rules = ("default-src 'none'", "style-src 'unsafe-inline'", "img-src data:", f"script-src {allowed}")
    return "; ".join((*rules, "base-uri 'none'", "form-action 'none'"))


def _json(value: object) -> Markup:
    """JSON that a script element may hold: nothing in it ends the element or begins a comment."""
    written = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    for mark in "<>&":
        written = written.replace(mark, f"\\u{ord(mark):04x}")
    return Markup(written)


@cache
def _asset(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(ASSETS),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        written=text.written, worded=text.worded, value_of=text.value_of, why=text.why, basis=text.basis, slug=slug
    )
    environment.globals.update(
        rows=_rows, drawing=drawing, kind=_kind, is_number=_is_number, shown_rows=_shown, subjects=_subjects,
        status_word=text.STATUS, OK=Status.OK, NO_DATA=text.NO_DATA, WIDE=WIDE,
    )  # fmt: skip
    return environment


def _kind(chart: object) -> str:
    match chart:
        case NoChart():
            return "none"
        case Calendar():
            return "calendar"
    return "script"


def _is_number(column: Column) -> bool:
    return column.unit not in (Unit.TEXT, Unit.DATE)


def _shown(rows: int) -> int:
    return rows if rows <= SHOWN + SLACK else SHOWN


def _subjects(figures: tuple[Figure, ...]) -> bool:
    """Whether figures are of more than one subject, and so must name it."""
    return len({figure.subject for figure in figures}) > 1


def _rows(table: Table) -> Markup:
    """The body of a table; there may be a row for each of ten thousand tenants."""
    shown = _shown(len(table.rows))
    numbers = [(column.unit, _is_number(column)) for column in table.columns]
    found = []
    for at, row in enumerate(table.rows):
        cells = (_cell(value, unit, is_number) for value, (unit, is_number) in zip(row, numbers, strict=True))
        found.append(f"<tr{' hidden' if at >= shown else ''}>{''.join(cells)}</tr>")
    return Markup("\n".join(found))


def _cell(value: Cell, unit: Unit, is_number: bool) -> str:
    """`data-v`: what a number sorts by, for what is shown of it may be rounded."""
    shown = escape(text.written(value, unit))
    if shown == text.NO_DATA:
        kind = "none r" if is_number else "none"
    elif isinstance(value, bool | date):
        kind = "d"
    elif value is None or isinstance(value, str):
        kind = "t" if len(shown) > LONG else "s"
    else:
        return f'<td class="n" data-v="{text.exactly(value):f}">{shown}</td>'
    return f'<td class="{kind}">{shown}</td>'

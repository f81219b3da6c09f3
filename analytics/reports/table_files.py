"""A page's tables as CSV, for programs and spreadsheets: values as they are, not as they are shown."""

import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from analytics.figures import Figure
from analytics.reports.page import Page, Table, slug

FIGURES: Final = "figures"
_FIGURE: Final = tuple(field.name for field in fields(Figure) if field.name != "parts")


def table_files(page: Page) -> dict[str, str]:
    """File name to text: one for each table of the page, and one for all its figures.

    What is None is an empty field. Times are ISO 8601, decimals exact.
    """
    files = {f"{slug(table.name)}.csv": _csv(table) for section in page.sections for table in section.tables}
    figures = [*page.figures, *(figure for section in page.sections for figure in section.figures)]
    if figures:
        rows = ([getattr(figure, name) for name in _FIGURE] for figure in figures)
        files[f"{FIGURES}.csv"] = _written(_FIGURE, rows)
    return files


def rows_file(rows: Sequence[Mapping[str, object]]) -> str:
    """Rows that are alike, under their names."""
    titles = list(rows[0]) if rows else []
    return _written(titles, (list(row.values()) for row in rows))


def _csv(table: Table) -> str:
    return _written([column.title for column in table.columns], table.rows)


def _written(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(titles)
    writer.writerows(list(_fields(row)) for row in rows)
    return text.getvalue()


def _fields(row: Sequence[object]) -> Iterator[str]:
    for value in row:
        match value:
            case None:
                yield ""
            case bool():
                yield "true" if value else "false"
            case datetime() | date():
                yield value.isoformat()
            case Decimal():
                yield f"{value:f}"
            case float():
                yield repr(value) if math.isfinite(value) else ""
            case str():
                yield _inert(value)
            case _:
                yield str(value)


def _inert(text: str) -> str:
    """A spreadsheet would reckon with what begins like a formula: an apostrophe before it makes it a text."""
    begins_like_one = text[:1] in ("=", "@", "\t", "\r") or (text[:1] in ("+", "-") and not text[1:2].isdigit())
    return f"'{text}" if text and begins_like_one else text

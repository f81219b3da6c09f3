"""What a report shows, however it is drawn: figures first, then charts and tables, and what it rests on."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from analytics.figures import Figure

Cell = str | int | float | Decimal | bool | date | datetime | None


class Unit(StrEnum):
    """How a value is written."""

    TEXT = "text"
    NUMBER = "number"
    USD = "usd"
    PERCENT = "percent"
    MS = "ms"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class Column:
    """`formula`: how its values were come by, with the formula's version; shown on hover."""

    title: str
    unit: Unit = Unit.TEXT
    formula: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """`name` is its CSV file's, and its anchor on the page. A cell that is None is shown as no data."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Trend:
    """Lines over a common axis. A value of None is a hole in its line: nothing is drawn across it."""

    name: str
    title: str
    x: tuple[str | float, ...]
    lines: Mapping[str, tuple[float | Decimal | None, ...]]
    unit: Unit
    x_title: str = ""
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Waterfall:
    """From a first value to a last one by steps; the last bar is the sum of all steps."""

    name: str
    title: str
    steps: tuple[tuple[str, Decimal], ...]
    total: str
    unit: Unit = Unit.USD
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """One subject on a scatter chart; `size` weighs it (0 to 1)."""

    label: str
    group: str
    x: float
    y: float
    size: float = 0.5


@dataclass(frozen=True, slots=True)
class Scatter:
    """Points by two measures, in groups."""

    name: str
    title: str
    points: tuple[Point, ...]
    x_title: str
    y_title: str
    x_unit: Unit
    y_unit: Unit
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars by category, one colour per series; `lying`: from left to right, for long names."""

    name: str
    title: str
    categories: tuple[str, ...]
    series: Mapping[str, tuple[float | Decimal | None, ...]]
    unit: Unit
    note: str | None = None
    lying: bool = False


@dataclass(frozen=True, slots=True)
class Calendar:
    """A heat map of days: 100 is good, `least` and below is the worst colour. None: nothing was measured."""

    name: str
    title: str
    days: Mapping[date, float | None]
    least: float
    unit: Unit = Unit.PERCENT
    note: str | None = None


@dataclass(frozen=True, slots=True)
class NoChart:
    """A chart that cannot be drawn, and why."""

    name: str
    title: str
    reason: str


Chart = Trend | Waterfall | Scatter | Bars | Calendar | NoChart


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with what belongs under it."""

    title: str
    text: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    charts: tuple[Chart, ...] = ()
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """`banners` stand above everything: synthetic rows, a provisional month. `summary` is sentences with figures."""

    name: str
    title: str
    period: str
    computed_at: datetime
    figures: tuple[Figure, ...]
    banners: tuple[str, ...] = ()
    summary: tuple[str, ...] = ()
    sections: tuple[Section, ...] = ()

    def __post_init__(self) -> None:
        names = Counter(slug(table.name) for section in self.sections for table in section.tables)
        if twice := [name for name, count in names.items() if count > 1]:
            raise ValueError(f"page {self.name} has two tables of the name {', '.join(twice)}")


def slug(name: str) -> str:
    """A name as it may stand in an address and in a file's name."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "unnamed"

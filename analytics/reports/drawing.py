"""Charts as plain values: what assets/page.js draws with ECharts, and the calendar, which is drawn here."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any, Final

from analytics.reports.page import Bars, Calendar, Chart, NoChart, Scatter, Trend, Waterfall, slug
from analytics.reports.text import NO_DATA, written

Number = float | Decimal | None
COLOURS: Final = 8
SHADES: Final = 6
"""Of a calendar: the last one is the best."""
WIDTH, HEIGHT, GAP, HEAD = 34, 28, 3, 40
WEEKDAYS: Final = "MTWTFSS"


def drawn(chart: Chart) -> dict[str, Any] | None:
    """What the page's script needs; None where it has nothing to draw."""
    match chart:
        case NoChart() | Calendar():
            return None
        case Trend():
            is_scale = all(not isinstance(x, str) for x in chart.x)
            lines = [{"name": name, "values": _numbers(values)} for name, values in chart.lines.items()]
            more: dict[str, Any] = {
                "x": [x if isinstance(x, str) else float(x) for x in chart.x],
                "scale": is_scale,
                "x_title": chart.x_title,
                "lines": lines,
            }
        case Bars():
            series = [{"name": name, "values": _numbers(values)} for name, values in chart.series.items()]
            more = {"categories": list(chart.categories), "series": series, "lying": chart.lying}
        case Waterfall():
            more = {"steps": list(_steps(chart))}
        case Scatter():
            groups = [
                {"name": name, "points": [[p.x, p.y, p.size, p.label] for p in chart.points if p.group == name]}
                for name in legend(chart)
            ]
            units = {"x_unit": chart.x_unit, "y_unit": chart.y_unit}
            more = {"groups": groups, "x_title": chart.x_title, "y_title": chart.y_title, **units}
    kind = type(chart).__name__.lower()
    return {"kind": kind, "name": slug(chart.name), "title": chart.title, "unit": getattr(chart, "unit", ""), **more}


def legend(chart: Chart) -> tuple[str, ...]:
    """The names of what has a colour of its own."""
    match chart:
        case Trend():
            return tuple(chart.lines)
        case Bars():
            return tuple(chart.series)
        case Scatter():
            return tuple(dict.fromkeys(point.group for point in chart.points))
    return ()


def values_of(chart: Chart) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The same as text, for who cannot see the drawing: titles and rows."""
    match chart:
        case Trend(x=x, lines=lines, unit=unit):
            rows = zip(*lines.values(), strict=True)
            return (chart.x_title, *lines), [
                (written(at), *(written(value, unit) for value in row)) for at, row in zip(x, rows, strict=False)
            ]
        case Bars(categories=categories, series=series, unit=unit):
            rows = zip(*series.values(), strict=True)
            return ("", *series), [
                (at, *(written(value, unit) for value in row)) for at, row in zip(categories, rows, strict=False)
            ]
        case Waterfall(steps=steps, total=total, unit=unit):
            told = [*steps, (total, sum((value for _, value in steps), Decimal(0)))]
            return ("", "value"), [(name, written(value, unit)) for name, value in told]
        case Scatter():
            titles = ("", "group", chart.x_title, chart.y_title)
            return titles, [
                (point.label, point.group, written(point.x, chart.x_unit), written(point.y, chart.y_unit))
                for point in chart.points
            ]
        case Calendar(days=days, unit=unit):
            return ("day", "value"), [(f"{day}", written(days[day], unit)) for day in sorted(days)]
    return (), []


def _numbers(values: Sequence[Number]) -> list[float | None]:
    return [_number(value) for value in values]


def _number(value: Number) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)


def _steps(chart: Waterfall) -> Iterator[dict[str, Any]]:
    at = Decimal(0)
    for name, value in chart.steps:
        yield {"name": name, "from": float(at), "to": float(at + value), "change": float(value)}
        at += value
    yield {"name": chart.total, "from": 0.0, "to": float(at), "change": float(at), "total": True}


@dataclass(frozen=True, slots=True)
class Day:
    """One square of the calendar. `shade` is None where nothing was measured."""

    x: int
    y: int
    day: date
    shade: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Month:
    """One month's squares, as on a wall."""

    title: str
    width: int
    height: int
    days: tuple[Day, ...]


def months(chart: Calendar) -> tuple[Month, ...]:
    """Every month that has a day, with its squares' places worked out."""
    width, found = 7 * (WIDTH + GAP) - GAP, []
    for _, days in groupby(sorted(chart.days), key=lambda day: (day.year, day.month)):
        squares = tuple(_square(chart, day) for day in days)
        title = f"{squares[0].day:%B %Y}"
        found.append(Month(title, width, max(day.y for day in squares) + HEIGHT, squares))
    return tuple(found)


def shades(chart: Calendar) -> tuple[tuple[int, str], ...]:
    """What each shade stands for, the worst first."""
    steps = (chart.least + (100 - chart.least) * shade / (SHADES - 1) for shade in range(SHADES))
    named = [written(round(step, 3), chart.unit) for step in steps]
    told = [f"{named[0]} or less", *(f"up to {name}" for name in named[1:-1]), named[-1]]
    return tuple(enumerate(told))


def _square(chart: Calendar, day: date) -> Day:
    first = day.replace(day=1)
    week = (day - first + timedelta(days=first.weekday())).days // 7
    value = chart.days[day]
    known = value is not None and math.isfinite(value)
    text = f"{day:%A}, {day}: {written(value, chart.unit) if known else NO_DATA}"
    shade = _shade(value, chart.least) if value is not None and known else None
    return Day(day.weekday() * (WIDTH + GAP), week * (HEIGHT + GAP) + HEAD, day, shade, text)


def _shade(value: float, least: float) -> int:
    """The best only where nothing is missing, the worst only from `least` down."""
    if value >= 100:
        return SHADES - 1
    if value <= least:
        return 0
    return min(SHADES - 2, 1 + int((SHADES - 2) * (value - least) / (100 - least)))

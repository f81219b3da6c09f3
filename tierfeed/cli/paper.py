"""A report's page on a terminal: banners, figures first, then sections with charts of blocks, and tables."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from rich import box
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from analytics.figures import Figure
from analytics.reports import text
from analytics.reports.page import (
    Bars,
    Calendar,
    Chart,
    Column,
    NoChart,
    Page,
    Scatter,
    Section,
    Table,
    Trend,
    Unit,
    Waterfall,
)
from tierfeed.cli.output import out

MOST_ROWS = 40
"""Of a table; the files have all."""
BLOCKS = "▁▂▃▄▅▆▇█"
BAR = 30


def draw(page: Page) -> None:
    """The page on standard output. Names are text, never markup."""
    console = out()
    console.print(Text(page.title, style="bold"))
    console.print(Text(f"{page.period}, computed {text.written(page.computed_at)}", style="dim"))
    for banner in page.banners:
        console.print(Text(f"! {banner}", style="yellow"))
    if page.figures:
        _figures(console, page.figures)
    for sentence in page.summary:
        console.print(Text(sentence))
    for section in page.sections:
        _section(console, section)


def _section(console: Console, section: Section) -> None:
    console.print()
    console.print(Text(section.title, style="bold underline"))
    for sentence in section.text:
        console.print(Text(sentence))
    if section.figures:
        _figures(console, section.figures)
    for chart in section.charts:
        console.print()
        console.print(Text(chart.title, style="bold"))
        for line in _chart(chart):
            console.print(Text(f"  {line}"))
    for table in section.tables:
        _table(console, table)


def _figures(console: Console, figures: Sequence[Figure]) -> None:
    grid = Grid(box=box.SIMPLE_HEAD, pad_edge=False, show_header=False)
    grid.add_column(overflow="fold")
    grid.add_column(justify="right", overflow="fold")
    grid.add_column(overflow="fold", style="dim")
    named = len({figure.subject for figure in figures}) > 1
    for figure in figures:
        label = f"{figure.subject}: {text.worded(figure.metric)}" if named else text.worded(figure.metric)
        value = Text(text.value_of(figure), style="bold" if figure.value is not None else "dim")
        grid.add_row(Text(label), value, Text(text.why(figure)))
    console.print(grid)


def _table(console: Console, table: Table) -> None:
    grid = Grid(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in table.columns:
        grid.add_column(Text(column.title), justify="right" if _is_number(column) else "left", overflow="fold")
    for row in table.rows[:MOST_ROWS]:
        shown = (text.written(value, column.unit) for value, column in zip(row, table.columns, strict=True))
        grid.add_row(*(Text(each, style="dim" if each == text.NO_DATA else "") for each in shown))
    console.print()
    console.print(Text(table.title, style="bold"))
    console.print(grid)
    if len(table.rows) > MOST_ROWS:
        told = f"the first {MOST_ROWS} of {len(table.rows):,} rows; --csv and --html have all"
        console.print(Text(told, style="dim"))
    if table.note:
        console.print(Text(table.note, style="dim"))


def _is_number(column: Column) -> bool:
    return column.unit not in (Unit.TEXT, Unit.DATE)


def _chart(chart: Chart) -> Iterator[str]:
    match chart:
        case NoChart():
            yield f"{text.NO_DATA}: {chart.reason}"
        case Trend():
            yield from _lines(chart)
        case Waterfall():
            steps = [*chart.steps, (chart.total, sum((value for _, value in chart.steps), Decimal(0)))]
            yield from _bars([(name, value) for name, value in steps], chart.unit)
        case Bars():
            for name, values in chart.series.items():
                if len(chart.series) > 1:
                    yield name
                yield from _bars(list(zip(chart.categories, values, strict=True)), chart.unit)
        case Calendar():
            yield from _days(chart)
        case Scatter():
            yield f"{len(chart.points):,} points; --html draws them"


def _lines(chart: Trend) -> Iterator[str]:
    wide = max(map(len, chart.lines), default=0)
    scale = [value for values in chart.lines.values() for value in values]
    for name, values in chart.lines.items():
        yield f"{name:<{wide}}  {sparkline(values, scale)}  {_ends(values, chart.unit)}"


def _days(chart: Calendar) -> Iterator[str]:
    known = {day: value for day, value in chart.days.items() if value is not None}
    yield sparkline([chart.days[day] for day in sorted(chart.days)])
    if known:
        worst = min(known, key=lambda day: (known[day], day))
        shown = text.written(known[worst], chart.unit)
        yield f"worst: {worst}, {shown}; not measured: {len(chart.days) - len(known)} days"


def sparkline(values: Sequence[float | Decimal | None], scale: Sequence[float | Decimal | None] = ()) -> str:
    """One block a value, the lowest for the least of `scale`, or of its own; a space where there is none."""
    known = [float(value) for value in scale or values if value is not None]
    if not known:
        return ""
    least, span = min(known), max(known) - min(known)
    top = len(BLOCKS) - 1
    return "".join(
        " " if value is None else BLOCKS[round(top * (float(value) - least) / span) if span else top // 2]
        for value in values
    )


def _ends(values: Sequence[float | Decimal | None], unit: Unit) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return text.NO_DATA
    return f"{text.written(known[0], unit)} to {text.written(known[-1], unit)}"


def _bars(rows: Sequence[tuple[str, float | Decimal | None]], unit: Unit) -> Iterator[str]:
    most = max((abs(float(value)) for _, value in rows if value is not None), default=0.0)
    shown = [text.written(value, unit) for _, value in rows]
    wide, right = max((len(name) for name, _ in rows), default=0), max(map(len, shown), default=0)
    for (name, value), told in zip(rows, shown, strict=True):
        length = round(BAR * abs(float(value)) / most) if value is not None and most else 0
        yield f"{name:<{wide}}  {told:>{right}}  {'█' * length}".rstrip()

"""What the pages about tenants have in common. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final, Protocol

from analytics.figures import Figure, Measured, Status
from analytics.reports.page import Cell, Chart, Column, NoChart, Point, Scatter, Table, Unit

MOST_POINTS: Final = 500
MOST_ROWS: Final = 200
UNSCORED: Final = "no score"


class Scored(Protocol):
    """A tenant with its health, its margin and its revenue."""

    @property
    def tenant_id(self) -> str: ...
    @property
    def subscription_tier(self) -> str: ...
    @property
    def health_score(self) -> float | None: ...
    @property
    def profit_margin_percent(self) -> float | None: ...
    @property
    def monthly_revenue(self) -> Decimal | None: ...


def scatter(tenants: Sequence[Scored]) -> Chart:
    """Largest revenue first; the rest is counted."""
    name, title = "health-and-margin", "Tenants by health and margin"
    known = [
        (each, each.health_score, each.profit_margin_percent, each.monthly_revenue or Decimal())
        for each in tenants
        if each.health_score is not None and each.profit_margin_percent is not None
    ]
    if not known:
        return NoChart(name, title, "of no tenant are both health and margin known")
    most = max(revenue for _, _, _, revenue in known)
    points = tuple(
        Point(
            each.tenant_id,
            each.subscription_tier,
            health,
            margin,
            float(max(revenue, Decimal()) / most) if most > 0 else 0.0,
        )
        for each, health, margin, revenue in known[:MOST_POINTS]
    )
    rest = len(known) - len(points)
    note = f"The {len(points)} largest by revenue; {rest:,} more are not drawn." if rest else "Size: revenue."
    return Scatter(name, title, points, "health", "profit margin", Unit.NUMBER, Unit.PERCENT, note)


def table(
    name: str,
    title: str,
    columns: tuple[Column, ...],
    rows: Sequence[tuple[Cell, ...]],
    note: str | None,
    order: str = "revenue",
) -> Table:
    """So many rows as one reads; the rest is counted."""
    shown, rest = rows[:MOST_ROWS], len(rows) - MOST_ROWS
    more = f"The first {MOST_ROWS} by {order}; {rest:,} more are in the JSON." if rest > 0 else None
    return Table(name, title, columns, tuple(shown), " ".join(each for each in (more, note) if each) or None)


def banners(synthetic: Iterable[str]) -> tuple[str, ...]:
    kinds = ", ".join(sorted(synthetic))
    return (f"Some of these figures rest on synthetic rows: {kinds}",) if kinds else ()


def period(start: datetime, end: datetime) -> str:
    return f"{start:%F} to {end:%F}, UTC"


def mean(of: Measured, title: str, formula: str, values: Sequence[float | None]) -> Figure:
    known = [value for value in values if value is not None]
    if not known:
        return of.missing(title, "of 100", formula, Status.INSUFFICIENT_DATA, "it is known of nobody", 0)
    return of.figure(title, round(sum(known) / len(known), 2), "of 100", formula, n=len(known))

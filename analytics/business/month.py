"""The report of a month: what serving it cost, what it earned, how customers and data were (SEMANTICS 11)."""

import calendar
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

from analytics.business.frozen import Closing, Corrected, Frozen, frozen, trend_of, value_of
from analytics.business.month_facts import Facts, Span, ask, earlier
from analytics.business.month_figures import CUSTOMERS, INFRASTRUCTURE, QUALITY, REVENUE, figures, picked
from analytics.business.month_measure import FORMULA
from analytics.business.month_reconciled import Reconciliation, reconciliations, restored
from analytics.business.month_words import executive_summary, recommendations
from analytics.business.rates import RateCard, rate_card
from analytics.figures import Figure, usd
from analytics.summary import Questions, Row
from tierfeed.errors import ConfigError
from tierfeed.settings import ClickHouseSettings

RUNNING, PROVISIONAL, CLOSED = "running", "provisional", "closed"
_TREND: Final = ("total_revenue_usd", "infrastructure_cost_usd", "users_served")


@dataclass(frozen=True, slots=True)
class TrendMonth:
    """One month beside others: None where it has no data."""

    month: date
    total_revenue_usd: Decimal | None
    infrastructure_cost_usd: Decimal | None
    customers: int | None

    @property
    def has_data(self) -> bool:
        return (self.total_revenue_usd, self.infrastructure_cost_usd, self.customers) != (None, None, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthlyReport:
    """A month's figures, in four groups. `state`: running until it ends, provisional until it is closed, then closed.

    Of a closed month the figures are those that were frozen, each as the newest correction has it; `corrections` tell
    what they were before. What the charts are drawn from (`trend`, `latency`, `days`) is what is stored now; of closed
    months the trend has what was frozen. `synthetic`: kinds of input of which generated rows are among them.
    """

    period: str
    month: str
    state: str
    infrastructure_metrics: Mapping[str, Figure]
    revenue_metrics: Mapping[str, Figure]
    customer_metrics: Mapping[str, Figure]
    quality_metrics: Mapping[str, Figure]
    executive_summary: tuple[str, ...]
    recommendations: tuple[str, ...]
    reconciliations: tuple[Reconciliation, ...]
    trend: tuple[TrendMonth, ...]
    latency: tuple[Row, ...]
    """By tier: see sql/month_latency.sql."""
    days: tuple[Row, ...]
    """See sql/month_promises.sql."""
    closings: tuple[Closing, ...]
    corrections: tuple[Corrected, ...]
    altered: tuple[int, ...]
    """Closings whose stored rows are not what was closed."""
    synthetic: tuple[str, ...]
    start: datetime
    end: datetime
    computed_at: datetime
    formula_version: str = FORMULA

    @property
    def figures(self) -> dict[str, Figure]:
        """All of them, by name."""
        groups = (self.infrastructure_metrics, self.revenue_metrics, self.customer_metrics, self.quality_metrics)
        return {name: figure for group in groups for name, figure in group.items()}


class BusinessKPIs:
    """Reports of months. Everything raises UpstreamError."""

    def __init__(self, settings: ClickHouseSettings, card: RateCard | None = None) -> None:
        """`card`: by which the traditional way is priced; the shipped one, where left out."""
        self._settings, self._traditional = settings, (card or rate_card()).traditional_microusd

    def generate_monthly_business_report(
        self, month: int | str, year: int, at: datetime | None = None
    ) -> MonthlyReport:
        """`month`: 1 to 12, or its English name. Raises ConfigError where that is no month."""
        number = month_number(month)
        return self.report(f"{year:04d}-{number:02d}", at)

    def report(self, month: str, at: datetime | None = None) -> MonthlyReport:
        """Of a month such as 2026-10. Raises ConfigError where that is none, or one to come."""
        facts = ask(self._settings, _span(month, at))
        kept = frozen(self._settings, month)
        live = self.figures(facts)
        found = dict(live if kept is None else kept.figures)
        reconciled = reconciliations(facts)
        if kept is not None:
            reconciled = restored(reconciled, kept.figures)
        trend = self._trend(facts)
        return MonthlyReport(
            period=f"{facts.span.first.month}/{facts.span.first.year}",
            month=month,
            state=_state(facts.span, kept),
            infrastructure_metrics=picked(found, INFRASTRUCTURE),
            revenue_metrics=picked(found, REVENUE),
            customer_metrics=picked(found, CUSTOMERS),
            quality_metrics=picked(found, QUALITY),
            executive_summary=executive_summary(_without_ledgers(found, reconciled), _before(trend, facts.span.first)),
            recommendations=recommendations(found, reconciled),
            reconciliations=reconciled,
            trend=trend,
            latency=tuple(row for tier, row in facts.latency.items() if tier),
            days=tuple(facts.promised("day")),
            closings=() if kept is None else kept.closings,
            corrections=() if kept is None else kept.history,
            altered=() if kept is None else kept.altered,
            synthetic=tuple(sorted(kind for kind, source in facts.sources.items() if source.synthetic)),
            start=facts.span.start,
            end=facts.span.end,
            computed_at=facts.span.now,
        )

    def live(self, month: str, at: datetime | None = None) -> dict[str, Figure]:
        """A month's figures and reconciliations as they would be now, whether it is closed or not."""
        return self.figures(ask(self._settings, _span(month, at)))

    def figures(self, facts: Facts) -> dict[str, Figure]:
        reconciled = {each.figure.metric: each.figure for each in reconciliations(facts)}
        return figures(facts, self._traditional) | reconciled

    def _trend(self, facts: Facts) -> tuple[TrendMonth, ...]:
        first = facts.trend[0]["month"]
        with closing(Questions(self._settings)) as questions:
            closed = trend_of(questions, first, facts.span.end.date(), _TREND)
        months = [_trend_month(row, closed.get(row["month"], {})) for row in facts.trend]
        return tuple(month for month in months if month.has_data)


def month_number(month: int | str) -> int:
    """1 to 12, of a number or an English name. Raises ConfigError."""
    text = str(month).strip()
    names = {name.lower(): number for number, name in enumerate(calendar.month_name) if name}
    names |= {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name}
    number = int(text) if text.isdecimal() else names.get(text.lower(), 0)
    if not 1 <= number <= 12:
        raise ConfigError(f"month must be 1 to 12 or a name such as October, was {month!r}")
    return number


def _span(month: str, at: datetime | None) -> Span:
    span = Span.of(month, at or datetime.now(UTC))
    if span.now < span.start:
        raise ConfigError(f"{month} has not begun yet")
    return span


def _state(span: Span, kept: Frozen | None) -> str:
    if kept is not None:
        return CLOSED
    return RUNNING if span.now < span.end else PROVISIONAL


def _without_ledgers(found: Mapping[str, Figure], reconciled: tuple[Reconciliation, ...]) -> dict[str, Figure]:
    ledgers = {each.figure.metric for each in reconciled}
    return {name: figure for name, figure in found.items() if name not in ledgers}


def _trend_month(row: Row, closed: Mapping[str, Row]) -> TrendMonth:
    """As it was frozen; else of what is stored now, where anything is."""
    if closed:
        values = [value_of(closed[name]["value"], closed[name]["unit"]) if name in closed else None for name in _TREND]
        revenue, cost = (value if isinstance(value, Decimal) else None for value in values[:2])
        return TrendMonth(row["month"], revenue, cost, values[2] if isinstance(values[2], int) else None)
    return TrendMonth(
        row["month"],
        usd(row["gross_microusd"] - row["credits_microusd"]) if row["subscribers"] else None,
        usd(row["cost_microusd"]) if row["charges"] else None,
        row["customers"] or None,
    )


def _before(trend: tuple[TrendMonth, ...], first: date) -> Decimal | None:
    """The revenue of the month before."""
    return next((month.total_revenue_usd for month in trend if month.month == earlier(first, 1)), None)

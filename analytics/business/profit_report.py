"""Everything about the profit of consolidated ingestion: line by line, by count of users, and what it rests on."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import Final, NamedTuple

from analytics.business.profit import FORMULA, ProfitAnalysis, RevenueScaling, percent
from analytics.business.rates import Line, RateCard
from analytics.figures import Figure, Measured, Status, usd
from analytics.summary import Questions
from tierfeed.errors import UpstreamError
from tierfeed.settings import ClickHouseSettings

WINDOW: Final = timedelta(days=30)
CURVE: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)
DOWN, UP = Fraction(4, 5), Fraction(6, 5)
"""How far each assumption is moved: 20 % either way."""


@dataclass(frozen=True, slots=True)
class Revenue:
    """What a user brings in a month. `tenants`: of how many it is the mean; None where it was named, or is unknown."""

    per_user_microusd: int | None
    basis: str
    status: Status = Status.OK
    reason: str | None = None
    tenants: int | None = None
    synthetic: bool = False


@dataclass(frozen=True, slots=True)
class CostLine:
    """One line of the comparison, in dollars a month."""

    name: str
    what: str
    traditional: Decimal
    ingestion: Decimal
    saving: Decimal
    saving_percent: Decimal | None


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """One assumption, a fifth lower and a fifth higher, all else as it is. `swing`: how far that moves the saving."""

    assumption: str
    base: Decimal
    improvement_low: Decimal
    improvement_high: Decimal
    swing: Decimal
    margin_low_percent: Decimal | None
    margin_high_percent: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfitReport:
    """Everything that `tierfeed report profit` says. `figures` carry the formulas of what stands first.

    `lines` ends with two sums: without and with what each user adds. `break_even_users` is the first count that saves.
    `sensitivity` begins with what moves the saving most.
    """

    analysis: ProfitAnalysis
    revenue: Revenue
    revenue_per_user_usd: Decimal | None
    profit: Decimal | None
    break_even_users: int | None
    revenue_covers_cost_from_users: int | None
    limit_percent: Decimal | None
    lines: tuple[CostLine, ...]
    curve: tuple[ProfitAnalysis, ...]
    around_break_even: tuple[ProfitAnalysis, ...]
    sensitivity: tuple[Sensitivity, ...]
    figures: tuple[Figure, ...]
    traditional_basis: str
    rate_card: str
    synthetic: bool
    computed_at: datetime
    formula_version: str = FORMULA


def revenue_per_user(settings: ClickHouseSettings, now: datetime) -> Revenue:
    """The mean over tenants with revenue, of the 30 days before today. Without ClickHouse or revenue: unknown."""
    end = now.date()
    try:
        questions = Questions(settings)
        try:
            (row,) = questions.ask("revenue_per_user", {"from": end - WINDOW, "to": end})
        finally:
            questions.close()
    except UpstreamError:
        reason = f"revenue is unknown: ClickHouse at {settings.url} cannot be asked; `tierfeed doctor` tells why"
        return Revenue(None, "unknown", Status.NO_SOURCE, reason)
    if row["mean_microusd"] is None:
        reason = f"no tenant had revenue from {end - WINDOW} to {end}"
        return Revenue(None, "unknown", Status.INSUFFICIENT_DATA, reason, 0)
    tenants, mean = int(row["tenants"]), int(row["mean_microusd"])
    basis = f"mean of {tenants:,} tenants with revenue from {end - WINDOW} to {end}, before credits"
    return Revenue(mean, basis, tenants=tenants, synthetic=bool(row["synthetic"]))


def profit(card: RateCard, revenue: Revenue, users: int, now: datetime) -> ProfitReport:
    """Reckon everything. Raises ConfigError for a count below 0."""
    scaling = RevenueScaling(card, revenue.per_user_microusd)
    analysis = scaling.calculate_profit_margin(users)
    break_even = scaling.break_even_users()
    counts = sorted({*CURVE, users, *(() if break_even is None else (break_even,))} - {0})
    near = range(0, max(30, 2 * (break_even or 0)) + 1, max(1, (break_even or 0) // 15))
    report = ProfitReport(
        analysis=analysis,
        revenue=revenue,
        revenue_per_user_usd=None if revenue.per_user_microusd is None else usd(revenue.per_user_microusd),
        profit=None if analysis.total_revenue is None else analysis.total_revenue - analysis.ingestion_cost,
        break_even_users=break_even,
        revenue_covers_cost_from_users=scaling.revenue_covers_cost_from_users(),
        limit_percent=scaling.limit_percent(),
        lines=tuple(_lines(card, users)),
        curve=tuple(scaling.calculate_profit_margin(count) for count in counts),
        around_break_even=tuple(scaling.calculate_profit_margin(count) for count in near),
        sensitivity=tuple(sorted(_sensitivity(scaling, users), key=lambda each: -each.swing)),
        figures=(),
        traditional_basis=card.traditional_basis,
        rate_card=card.version,
        synthetic=revenue.synthetic,
        computed_at=now,
    )
    return replace(report, figures=tuple(_figures(report)))


def _lines(card: RateCard, users: int) -> Iterator[CostLine]:
    traditional = ingestion = 0
    for line in card.lines:
        own, shared = users * line.traditional_microusd, line.count * line.each_microusd
        yield _line(line.name, f"{line.count:,} × ${usd(line.each_microusd):,.2f}: {line.what}", own, shared)
        traditional, ingestion = traditional + own, ingestion + shared
    yield _line("fixed", "what stands however many are served", traditional, ingestion)
    added = users * card.user_microusd
    yield _line("users", f"{users:,} × ${usd(card.user_microusd):,.2f}: what each user adds", 0, added)
    yield _line("total", "all of it", traditional, ingestion + added)


def _line(name: str, what: str, own: int, shared: int) -> CostLine:
    return CostLine(name, what, usd(own), usd(shared), usd(own - shared), percent(own - shared, own))


class _Assumption(NamedTuple):
    name: str
    microusd: int
    moved: Callable[[int], RevenueScaling]


def _assumptions(scaling: RevenueScaling) -> Iterator[_Assumption]:
    card = scaling.card

    def with_line(at: int, changed: Callable[[int], Line]) -> Callable[[int], RevenueScaling]:
        def moved(price: int) -> RevenueScaling:
            lines = (*card.lines[:at], changed(price), *card.lines[at + 1 :])
            return replace(scaling, card=replace(card, lines=lines))

        return moved

    for at, line in enumerate(card.lines):
        yield _Assumption(f"{line.name}, each", line.each_microusd, with_line(at, partial(_priced, line)))
        yield _Assumption(
            f"traditional {line.name}, per user", line.traditional_microusd, with_line(at, partial(_priced_apart, line))
        )
    yield _Assumption(
        "what each user adds",
        card.user_microusd,
        lambda price: replace(scaling, card=replace(card, user_microusd=price)),
    )
    if (each := scaling.revenue_per_user_microusd) is not None:
        yield _Assumption("revenue per user", each, lambda price: replace(scaling, revenue_per_user_microusd=price))


def _priced(line: Line, price: int) -> Line:
    return replace(line, each_microusd=price)


def _priced_apart(line: Line, price: int) -> Line:
    return replace(line, traditional_microusd=price)


def _sensitivity(scaling: RevenueScaling, users: int) -> Iterator[Sensitivity]:
    for name, base, moved in _assumptions(scaling):
        low, high = (moved(round(base * by)).calculate_profit_margin(users) for by in (DOWN, UP))
        yield Sensitivity(
            name,
            usd(base),
            low.profit_improvement,
            high.profit_improvement,
            abs(high.profit_improvement - low.profit_improvement),
            low.margin_improvement_percent,
            high.margin_improvement_percent,
        )


def _figures(report: ProfitReport) -> Iterator[Figure]:
    today = datetime.combine(report.computed_at.date(), time(), UTC)
    made = Measured(
        subject="business", start=today - WINDOW, end=today, formula_version=FORMULA, computed_at=report.computed_at
    )
    analysis, revenue = report.analysis, report.revenue
    unknown = revenue.reason or ""
    unearned = analysis.reasons.get("margin_improvement_percent", "")
    rows: tuple[tuple[str, Decimal | int | None, str, str, str], ...] = (
        ("profit_improvement", analysis.profit_improvement, "usd", "traditional cost - ingestion cost", ""),
        (
            "savings_percent",
            analysis.savings_percent,
            "percent",
            "100 × (traditional cost - ingestion cost) / traditional cost",
            analysis.reasons.get("savings_percent", ""),
        ),
        (
            "margin_improvement_percent",
            analysis.margin_improvement_percent,
            "points",
            "100 × (traditional cost - ingestion cost) / (users × revenue per user), in percentage points of revenue",
            unknown if unknown and analysis.users else unearned,
        ),
        (
            "break_even_users",
            report.break_even_users,
            "users",
            "the first count of users at which ingestion costs no more than a line each",
            "each user adds at least what a line of his own would cost",
        ),
        ("ingestion_cost", analysis.ingestion_cost, "usd", "Σ count × price + users × what each adds", ""),
        (
            "traditional_cost",
            analysis.traditional_cost,
            "usd",
            f"users × Σ traditional prices ({report.traditional_basis})",
            "",
        ),
        ("revenue_per_user", report.revenue_per_user_usd, "usd", f"of a month: {revenue.basis}", unknown),
        ("profit", report.profit, "usd", "users × revenue per user - ingestion cost", unknown),
    )
    for metric, value, unit, formula, reason in rows:
        if value is None:
            status = Status.NOT_APPLICABLE if revenue.status is Status.OK or reason != unknown else revenue.status
            yield made.missing(metric, unit, formula, status, reason)
        else:
            n = revenue.tenants if metric == "revenue_per_user" else None
            yield made.figure(metric, value, unit, formula, n=n)

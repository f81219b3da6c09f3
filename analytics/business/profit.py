"""What consolidated ingestion saves against a line for each user, and what that is of revenue.

Money is exact: whole micro-dollars inside, Decimal dollars outside. Percentages have four decimals, half to even.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Final, NamedTuple

from analytics.business.rates import RateCard
from analytics.figures import Figure, Measured, Status, usd
from analytics.summary import Questions
from tierfeed.errors import ConfigError, UpstreamError
from tierfeed.settings import ClickHouseSettings

FORMULA: Final = "profit/1"
EXAMPLE_USERS: Final = 1000
"""How many the document reckons with."""
WINDOW: Final = timedelta(days=30)
CURVE: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)
DOWN, UP = Fraction(4, 5), Fraction(6, 5)
"""How far each assumption is moved: 20 % either way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfitAnalysis:
    """A month with so many users, in dollars.

    `margin_improvement_percent` is in percentage points of revenue. What is None says why in `reasons`, by its name.
    """

    users: int
    total_revenue: Decimal | None
    traditional_cost: Decimal
    ingestion_cost: Decimal
    profit_improvement: Decimal
    margin_improvement_percent: Decimal | None
    savings_percent: Decimal | None
    reasons: dict[str, str] = field(default_factory=dict)
    formula_version: str = FORMULA


@dataclass(frozen=True, slots=True)
class Revenue:
    """What a user brings in a month. `tenants`: over how many it is the mean; None where it was named, or is unknown."""

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


@dataclass(frozen=True, slots=True)
class RevenueScaling:
    """The document's model. `revenue_per_user_microusd`: of a month; None where it is unknown."""

    card: RateCard
    revenue_per_user_microusd: int | None

    def calculate_profit_margin(self, user_count: int) -> ProfitAnalysis:
        """A month with so many users. Raises ConfigError for a count below 0."""
        if user_count < 0:
            raise ConfigError(f"users must be 0 or more, was {user_count}")
        traditional = user_count * self.card.traditional_microusd
        ingestion = self.card.base_microusd + user_count * self.card.user_microusd
        each = self.revenue_per_user_microusd
        revenue = None if each is None else user_count * each
        return ProfitAnalysis(
            users=user_count,
            total_revenue=None if revenue is None else usd(revenue),
            traditional_cost=usd(traditional),
            ingestion_cost=usd(ingestion),
            profit_improvement=usd(traditional - ingestion),
            margin_improvement_percent=percent(traditional - ingestion, revenue),
            savings_percent=percent(traditional - ingestion, traditional),
            reasons=dict(_reasons(user_count, revenue, traditional)),
        )

    def break_even_users(self) -> int | None:
        """The first count at which ingestion costs no more than a line each; None: there is none."""
        return _reaches(self.card.base_microusd, self.card.traditional_microusd - self.card.user_microusd)

    def revenue_covers_cost_from_users(self) -> int | None:
        """The first count whose revenue is at least what ingestion costs; None: there is none, or no revenue is known."""
        each = self.revenue_per_user_microusd
        return None if each is None else _reaches(self.card.base_microusd, each - self.card.user_microusd)

    def limit_percent(self) -> Decimal | None:
        """What `savings_percent` comes near with ever more users."""
        return percent(self.card.traditional_microusd - self.card.user_microusd, self.card.traditional_microusd)


def percent(part: int, whole: int | None) -> Decimal | None:
    """None where there is no whole."""
    if not whole:
        return None
    return Decimal(round(Fraction(100 * part, whole) * 10_000)).scaleb(-4)


def _reasons(users: int, revenue: int | None, traditional: int) -> Iterator[tuple[str, str]]:
    nobody = "there are no users"
    if revenue is None:
        yield "total_revenue", "the revenue per user is unknown"
    if not revenue:
        unearned = "the revenue per user is unknown" if revenue is None else "there is no revenue"
        yield "margin_improvement_percent", nobody if users == 0 else unearned
    if not traditional:
        yield "savings_percent", nobody if users == 0 else "the traditional cost is 0"


def _reaches(fixed: int, each: int) -> int | None:
    if fixed <= 0:
        return 0
    return -(-fixed // each) if each > 0 else None


def revenue_per_user(settings: ClickHouseSettings, now: datetime) -> Revenue:
    """The mean over tenants with revenue of the 30 days before today. Without ClickHouse, or without revenue: unknown."""
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

    def with_line(at: int, key: str) -> Callable[[int], RevenueScaling]:
        def moved(price: int) -> RevenueScaling:
            lines = (*card.lines[:at], replace(card.lines[at], **{key: price}), *card.lines[at + 1 :])
            return replace(scaling, card=replace(card, lines=lines))

        return moved

    for at, line in enumerate(card.lines):
        yield _Assumption(f"{line.name}, each", line.each_microusd, with_line(at, "each_microusd"))
        yield _Assumption(
            f"traditional {line.name}, per user", line.traditional_microusd, with_line(at, "traditional_microusd")
        )
    yield _Assumption(
        "what each user adds",
        card.user_microusd,
        lambda price: replace(scaling, card=replace(card, user_microusd=price)),
    )
    if (each := scaling.revenue_per_user_microusd) is not None:
        yield _Assumption("revenue per user", each, lambda price: replace(scaling, revenue_per_user_microusd=price))


def _sensitivity(scaling: RevenueScaling, users: int) -> Iterator[Sensitivity]:
    for name, base, moved in _assumptions(scaling):
        low, high = (moved(round(base * by)).calculate_profit_margin(users) for by in (DOWN, UP))
        yield Sensitivity(
            name, usd(base), low.profit_improvement, high.profit_improvement,
            abs(high.profit_improvement - low.profit_improvement),
            low.margin_improvement_percent, high.margin_improvement_percent,
        )  # fmt: skip


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
            "savings_percent", analysis.savings_percent, "percent",
            "100 × (traditional cost - ingestion cost) / traditional cost", analysis.reasons.get("savings_percent", ""),
        ),
        (
            "margin_improvement_percent", analysis.margin_improvement_percent, "points",
            "100 × (traditional cost - ingestion cost) / (users × revenue per user), in percentage points of revenue",
            unknown if unknown and analysis.users else unearned,
        ),
        (
            "break_even_users", report.break_even_users, "users",
            "the first count of users at which ingestion costs no more than a line each", "each user adds at least what a line of his own would cost",
        ),
        ("ingestion_cost", analysis.ingestion_cost, "usd", "Σ count × price + users × what each adds", ""),
        ("traditional_cost", analysis.traditional_cost, "usd", f"users × Σ traditional prices ({report.traditional_basis})", ""),
        ("revenue_per_user", report.revenue_per_user_usd, "usd", f"of a month: {revenue.basis}", unknown),
        ("profit", report.profit, "usd", "users × revenue per user - ingestion cost", unknown),
    )  # fmt: skip
    for metric, value, unit, formula, reason in rows:
        if value is None:
            status = Status.NOT_APPLICABLE if revenue.status is Status.OK or reason != unknown else revenue.status
            yield made.missing(metric, unit, formula, status, reason)
        else:
            n = revenue.tenants if metric == "revenue_per_user" else None
            yield made.figure(metric, value, unit, formula, n=n)

"""What tenants consume of what they pay for, what each costs and leaves, and who would take more."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from analytics.business.gates import potential, told_signals
from analytics.business.insights import insights
from analytics.business.patterns import Pattern, Sources, patterns
from analytics.business.scores import FORMULA, Score
from analytics.business.standing import Standing, standings
from analytics.business.windows import Window, midnight
from analytics.figures import Figure, Measured, Status, usd
from analytics.summary import Questions, Row
from tierfeed.domain.market import Calendar
from tierfeed.errors import ConfigError
from tierfeed.settings import ClickHouseSettings

FORMULAS: Final[Mapping[str, tuple[str, str]]] = {
    "total_ticks_consumed": ("ticks", "stored tier records that the tenant's groups moved over, each once per group"),
    "avg_latency_experienced": ("ms", "mean of published − received of these, conflation included"),
    "data_quality_received": ("%", "100 × NORMAL or LOCKED / consumed"),
    "allocated_infrastructure_cost": ("USD", "what was allocated of the span's days, all corrections added"),
    "monthly_revenue": ("USD", "recognised by the day within the span, less approved credits by the day"),
    "profit_margin": ("USD", "revenue − allocated cost"),
    "profit_margin_percent": ("%", "100 × (revenue − allocated cost) / revenue"),
    "efficiency_score": ("of 100", "mean of symbols, time, rate and features used of what is paid for"),
    "upsell_potential": ("of 100", "100 × (1 − Π(1 − wᵢ sᵢ)); health of 60 at least, no breach in 30 days, else 0"),
}
"""Of each figure of a tenant, its unit and how it was come by; the version is `FORMULA`."""


@dataclass(frozen=True, slots=True)
class Missing:
    """Why a figure is None."""

    status: Status
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantUsage:
    """One tenant. What is None is in `missing`, with why. `tier_from`: register, subscriptions or consumption.

    `monthly_revenue` is what the span earned, however long it is. Features that nobody can see: `efficiency.note`.
    """

    tenant_id: str
    subscription_tier: str
    tier_from: str
    symbols_accessed: tuple[str, ...] | None
    total_ticks_consumed: int | None
    ticks_replayed: int | None
    avg_latency_experienced: float | None
    data_quality_received: float | None
    allocated_infrastructure_cost: Decimal | None
    monthly_revenue: Decimal | None
    approved_credits: Decimal | None
    profit_margin: Decimal | None
    profit_margin_percent: float | None
    efficiency_score: float | None
    upsell_potential: float | None
    health_score: float | None
    efficiency: Score
    upsell: Score
    upsell_signals: Mapping[str, str]
    next_tier: str | None
    missing: Mapping[str, Missing]


@dataclass(frozen=True, slots=True)
class DayOfTier:
    """What was consumed of a tier on a day, by so many tenants."""

    day: date
    tier: str
    ticks: int
    tenants: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageReport:
    """The report of CustomerUsageAnalytics over [start, end). `synthetic`: kinds of rows of which some are made up."""

    period_days: int
    start: datetime
    end: datetime
    total_tenants: int
    usage_patterns: Mapping[str, TenantUsage]
    business_insights: tuple[str, ...]
    trend: tuple[DayOfTier, ...]
    synthetic: tuple[str, ...]
    computed_at: datetime
    formulas: Mapping[str, tuple[str, str]]
    formula_version: str = FORMULA

    def figures(self, tenant: str) -> tuple[Figure, ...]:
        """Every figure of a tenant, each with all that SEMANTICS 2 asks for."""
        found = self.usage_patterns[tenant]
        of = self.measured(tenant)
        scores = {"efficiency_score": found.efficiency, "upsell_potential": found.upsell}
        return tuple(_figure(of, found, name, scores.get(name)) for name in FORMULAS)

    def measured(self, subject: str) -> Measured:
        return Measured(
            subject=subject, start=self.start, end=self.end, formula_version=self.formula_version,
            computed_at=self.computed_at,
        )  # fmt: skip


class CustomerUsageAnalytics:
    """Everything raises UpstreamError."""

    def __init__(self, settings: ClickHouseSettings, calendar: Calendar) -> None:
        self._settings, self._calendar = settings, calendar

    def analyze_data_consumption_patterns(self, period_days: int = 30, until: date | None = None) -> UsageReport:
        """Over [until - period_days, until), whole days in UTC; where `until` is left out, today counts so far.

        Raises ConfigError where there is no day in it.
        """
        if period_days < 1:
            raise ConfigError(f"period_days must be at least 1, was {period_days}")
        now = datetime.now(UTC)
        end = until or now.date() + timedelta(days=1)
        window = Window(end - timedelta(days=period_days), end, end)
        with closing(Questions(self._settings)) as questions:
            found = patterns(questions, self._calendar, window, now)
            stands = standings(questions, self._calendar, min(now, midnight(end))).tenants
            span = {"from": window.start, "to": window.end}
            money = {row["tenant"]: row for row in questions.ask("consumption_money", span | {"tenant": ""})}
            trend = questions.ask("consumption_trend", span)
        usages = {
            name: _usage(pattern, stands.get(name), money.get(name, {}), found.sources)
            for name, pattern in found.tenants.items()
        }
        return UsageReport(
            period_days=period_days,
            start=window.begin,
            end=window.until,
            total_tenants=len(usages),
            usage_patterns=usages,
            business_insights=tuple(insights([*usages.values()], found.sources.uncosted())),
            trend=tuple(DayOfTier(row["day"], row["tier"], row["consumed"], row["tenants"]) for row in trend),
            synthetic=found.sources.synthetic,
            computed_at=now,
            formulas=FORMULAS,
        )


def _usage(pattern: Pattern, standing: Standing | None, money: Row, stored: Sources) -> TenantUsage:
    offer = potential(pattern, standing)
    values: dict[str, Any] = {
        "total_ticks_consumed": pattern.ticks,
        "avg_latency_experienced": pattern.latency_ms,
        "data_quality_received": pattern.usable_percent,
        "allocated_infrastructure_cost": _cost(money, stored),
        "monthly_revenue": _usd(money.get("revenue_microusd")),
        "profit_margin": _usd(_profit(money, stored)),
        "profit_margin_percent": money.get("margin_percent"),
        "efficiency_score": pattern.efficiency.value,
        "upsell_potential": offer.value,
    }
    why = _why(pattern, money, stored)
    for name, score in (("efficiency_score", pattern.efficiency), ("upsell_potential", offer)):
        why[name] = Missing(score.status, score.reason or "")
    return TenantUsage(
        tenant_id=pattern.tenant,
        subscription_tier=pattern.tier,
        tier_from=pattern.told_by,
        symbols_accessed=None if pattern.ticks is None else pattern.symbols,
        ticks_replayed=pattern.replayed,
        approved_credits=_usd(money.get("credited_microusd", 0)),
        health_score=None if standing is None else standing.health.value,
        efficiency=pattern.efficiency,
        upsell=offer,
        upsell_signals=told_signals(pattern) if offer.value else {},
        next_tier=pattern.next_tier,
        missing={name: why[name] for name, value in values.items() if value is None},
        **values,
    )


def _cost(money: Row, stored: Sources) -> Decimal | None:
    """A tenant to which nothing was allocated cost nothing, if anything is stored of every month."""
    return None if stored.uncosted() is not None else usd(money.get("cost_microusd") or 0)


def _profit(money: Row, stored: Sources) -> int | None:
    return None if stored.uncosted() is not None else money.get("profit_microusd")


def _usd(microusd: int | None) -> Decimal | None:
    return None if microusd is None else usd(microusd)


def _why(pattern: Pattern, money: Row, stored: Sources) -> dict[str, Missing]:
    """Why each figure would be None, were it."""
    eaten = stored.unconsumed()
    nothing = (
        Missing(Status.NOT_APPLICABLE, "nothing was consumed") if eaten is None else Missing(Status.NO_SOURCE, eaten)
    )
    untimed = Missing(Status.INSUFFICIENT_DATA, "when the broker's tick came is known of none of the records")
    unsold = Missing(
        Status.NO_SOURCE, f"no subscription of {pattern.tenant} is on record: `tierfeed ops import` takes them"
    )
    uncosted = Missing(Status.NO_SOURCE, stored.uncosted() or "")
    lacking = uncosted if uncosted.reason else unsold
    is_free = money.get("revenue_microusd") is not None and not uncosted.reason
    no_revenue = Missing(Status.NOT_APPLICABLE, "there is no revenue to divide by")
    return {
        "total_ticks_consumed": nothing,
        "avg_latency_experienced": untimed if pattern.ticks else nothing,
        "data_quality_received": nothing,
        "allocated_infrastructure_cost": uncosted,
        "monthly_revenue": unsold,
        "profit_margin": lacking,
        "profit_margin_percent": no_revenue if is_free else lacking,
    }


def _figure(of: Measured, found: TenantUsage, name: str, score: Score | None) -> Figure:
    unit, formula = FORMULAS[name]
    value = getattr(found, name)
    if value is None:
        missing = found.missing[name]
        return of.missing(name, unit, formula, missing.status, missing.reason)
    if score is not None:
        return of.figure(name, value, unit, formula, n=score.n, parts=score.parts)
    return of.figure(name, value, unit, formula, n=found.total_ticks_consumed)

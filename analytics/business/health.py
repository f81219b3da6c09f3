"""How the customers are: a score with its parts, what endangers them, and what to offer (SEMANTICS 10)."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal

from analytics.business.gates import potential, told_signals
from analytics.business.patterns import Pattern, patterns
from analytics.business.risks import RiskFactor, risks, unknown_risks
from analytics.business.scores import FORMULA, PERCENT, WEIGHTS, Score, level
from analytics.business.standing import Standing, Standings, standings
from analytics.business.windows import trading_days
from analytics.figures import Figure, Measured, Status, usd
from analytics.summary import Questions, Row
from tierfeed.domain.market import Calendar
from tierfeed.errors import ConfigError
from tierfeed.settings import ClickHouseSettings

FORMULAS: Mapping[str, str] = {
    "health_score": "plain mean of the four parts that are known; from 14 trading days on",
    "data_usage_consistency": "100 × active / trading days × (1 − min(1, CV of daily ticks)), of 30 days",
    "performance_satisfaction": "100 × mean over objectives of clamp(1 − budget used), of 30 days",
    "feature_adoption_rate": "100 × features used on 3 days of 30 at least / entitled features that can be seen",
    "support_ticket_ratio": "max(0, 100 − 10 × tickets in 30 days)",
    "upsell_potential": "100 × (1 − Π(1 − wᵢ sᵢ)); health of 60 at least and no breach in 30 days, else 0",
}


@dataclass(frozen=True, slots=True)
class UpsellOpportunity:
    """A signal that speaks for the next tier. `strength`: 0 to 1; what it weighs is in `weight`."""

    to_tier: str
    signal: str
    strength: float
    weight: float
    told: str


@dataclass(frozen=True, slots=True)
class Daily:
    """What was consumed on a trading day."""

    day: date
    ticks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerHealth:
    """The report of CustomerHealthManager, over the thirty whole days [start, end).

    `health_score` and `risk_level` are None where `status` is not ok; `reason` then says why. `note`: what the score
    leaves out. `unknown_risks`: risks that nobody could tell of. `daily` is of one tenant's report alone.
    """

    tenant_id: str
    subscription_tier: str
    health_score: float | None
    status: Status
    reason: str | None
    note: str | None
    health_components: Mapping[str, float | None]
    components: Mapping[str, Score]
    risk_level: str | None
    risk_factors: tuple[RiskFactor, ...]
    unknown_risks: tuple[str, ...]
    upsell_potential: Score
    upsell_opportunities: tuple[UpsellOpportunity, ...]
    recommended_actions: tuple[str, ...]
    explained: tuple[str, ...]
    monthly_revenue: Decimal | None
    profit_margin_percent: float | None
    start: datetime
    end: datetime
    computed_at: datetime
    synthetic: tuple[str, ...]
    daily: tuple[Daily, ...] = ()
    formula_version: str = FORMULA

    def figures(self) -> tuple[Figure, ...]:
        """The score, its parts and the potential, each with all that SEMANTICS 2 asks for."""
        of = Measured(
            subject=self.tenant_id, start=self.start, end=self.end, formula_version=self.formula_version,
            computed_at=self.computed_at,
        )  # fmt: skip
        health = Score(
            value=self.health_score, status=self.status, reason=self.reason, parts={**self.health_components},
            n=sum(value is not None for value in self.health_components.values()),
        )  # fmt: skip
        scores = {"health_score": health, **self.components, "upsell_potential": self.upsell_potential}
        return tuple(figure_of(of, name, score, FORMULAS[name]) for name, score in scores.items())


def figure_of(measured: Measured, name: str, score: Score, formula: str) -> Figure:
    if score.value is None:
        return measured.missing(name, "of 100", formula, score.status, score.reason or "", score.n)
    return measured.figure(name, score.value, "of 100", formula, n=score.n, parts=score.parts)


class CustomerHealthManager:
    """Everything raises UpstreamError."""

    def __init__(self, settings: ClickHouseSettings, calendar: Calendar) -> None:
        self._settings, self._calendar = settings, calendar

    def calculate_customer_health_score(self, tenant_id: str, at: datetime | None = None) -> CustomerHealth:
        """Of one customer. Raises ConfigError where it is none on that day."""
        at = (at or datetime.now(UTC)).astimezone(UTC)
        with closing(Questions(self._settings)) as questions:
            found = self._all(questions, at, tenant_id)
            if not found:
                raise ConfigError(f"{tenant_id} is no customer on {at.date()}: `tierfeed tenants list` shows them")
            (health,) = found
            asked = {"tenant": tenant_id, "from": health.start.date(), "to": health.end.date()}
            rows = questions.ask("health_days", asked)
        ticks = {row["day"]: row["ticks"] for row in rows}
        days = trading_days(self._calendar, health.start.date(), health.end.date())
        if health.health_components["data_usage_consistency"] is None and not ticks:
            return health
        return replace(health, daily=tuple(Daily(day, ticks.get(day, 0)) for day in sorted({*days, *ticks})))

    def all(self, at: datetime | None = None) -> list[CustomerHealth]:
        """Of everybody who is a customer on that day, by name: as many questions as for one."""
        with closing(Questions(self._settings)) as questions:
            return self._all(questions, (at or datetime.now(UTC)).astimezone(UTC))

    def _all(self, questions: Questions, at: datetime, tenant: str = "") -> list[CustomerHealth]:
        found = standings(questions, self._calendar, at, tenant)
        used = patterns(questions, self._calendar, found.window, at, tenant).tenants
        asked = {"tenant": tenant, "from": found.window.start, "to": found.window.end}
        money = {row["tenant"]: row for row in questions.ask("consumption_money", asked)}
        now = datetime.now(UTC)
        return [_health(each, used[name], money.get(name, {}), found, now) for name, each in found.tenants.items()]


def _health(standing: Standing, pattern: Pattern, money: Row, found: Standings, now: datetime) -> CustomerHealth:
    score = standing.health
    dangers = tuple(risks(standing, found.day))
    offer = potential(pattern, standing)
    offers = _offers(pattern) if offer.value else ()
    revenue = money.get("revenue_microusd")
    return CustomerHealth(
        tenant_id=standing.tenant,
        subscription_tier=standing.tier,
        health_score=score.value,
        status=score.status,
        reason=score.reason,
        note=score.note,
        health_components={name: part.value for name, part in standing.components.items()},
        components=standing.components,
        risk_level=None if score.value is None else str(level(score.value)),
        risk_factors=dangers,
        unknown_risks=unknown_risks(standing),
        upsell_potential=offer,
        upsell_opportunities=offers,
        recommended_actions=_actions(dangers, offers, offer),
        explained=tuple(_explained(standing, dangers, offer, offers)),
        monthly_revenue=None if revenue is None else usd(revenue),
        profit_margin_percent=money.get("margin_percent"),
        start=found.window.begin,
        end=found.window.until,
        computed_at=now,
        synthetic=found.sources.synthetic,
    )


def _offers(pattern: Pattern) -> tuple[UpsellOpportunity, ...]:
    assert pattern.next_tier is not None
    return tuple(
        UpsellOpportunity(pattern.next_tier, name, pattern.signals[name] or 0.0, WEIGHTS[name], told)
        for name, told in told_signals(pattern).items()
    )


def _actions(dangers: tuple[RiskFactor, ...], offers: tuple[UpsellOpportunity, ...], offer: Score) -> tuple[str, ...]:
    found = [danger.action for danger in dangers]
    if offers:
        why = "; ".join(each.told for each in offers)
        found.append(f"Offer {offers[0].to_tier} (potential {offer.value:g} of {PERCENT}): it {why}")
    return tuple(dict.fromkeys(found))


def _explained(
    standing: Standing, dangers: tuple[RiskFactor, ...], offer: Score, offers: tuple[UpsellOpportunity, ...]
) -> list[str]:
    score = standing.health
    parts = [
        f"{name} {part.value:g}" if part.value is not None else f"{name} not known ({part.reason})"
        for name, part in standing.components.items()
    ]
    if score.value is None:
        found = [f"There is no health score: {score.reason}.", f"Its parts: {', '.join(parts)}."]
    else:
        found = [f"Health is {score.value:g} of 100, {level(score.value)}: the mean of {', '.join(parts)}."]
    found += [f"{name}: {part.note}." for name, part in standing.components.items() if part.note]
    found += [f"Risk: {danger.told}." for danger in dangers]
    if not dangers:
        found.append("No risk was found.")
    if lost := unknown_risks(standing):
        found.append(f"Not known: {'; '.join(lost)}.")
    if offer.value is None:
        found.append(f"There is no upsell potential to tell: {offer.reason}.")
    else:
        found.append(f"Upsell potential is {offer.value:g} of 100{f' ({offer.note})' if offer.note else ''}.")
    return found + [f"It {each.told}." for each in offers]

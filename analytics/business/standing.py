"""How each customer stands over thirty days: the four parts of health, and what risks are told from. Of all at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from analytics.business.patterns import Sources, adoption, by, features, growth, sources
from analytics.business.scores import PERCENT, Score, mean_of_known, satisfaction, support
from analytics.business.windows import THIRTY, Window, trading_days
from analytics.figures import Status, Value
from analytics.summary import Questions, Row
from tierfeed.domain.market import Calendar

LEAST_TRADING_DAYS: Final = 14
USED_DAYS: Final = 3
"""Of thirty: a feature that was used on fewer was tried, not adopted."""
LATE_DAYS: Final = 15
COMPONENTS: Final = (
    "data_usage_consistency", "performance_satisfaction", "feature_adoption_rate", "support_ticket_ratio",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One customer. `breached_days`, `late` and `change_percent` are None where nobody knows."""

    tenant: str
    tier: str
    narrower: tuple[str, ...]
    health: Score
    components: Mapping[str, Score]
    breached_days: int | None
    breached: tuple[str, ...]
    """The objectives."""
    change_percent: float | None
    change_unknown: str | None
    late: Row | None
    """See sql/health_invoices.sql; empty: none is late."""
    ends_on: date | None


@dataclass(frozen=True, slots=True)
class Standings:
    """The customers of the day after the window."""

    window: Window
    day: date
    sources: Sources
    tenants: Mapping[str, Standing]


def window_before(at: datetime) -> Window:
    """Thirty whole days: the day of `at` is not over."""
    day = at.date()
    return Window(day - THIRTY, day, day + timedelta(days=1))


def standings(questions: Questions, calendar: Calendar, at: datetime, tenant: str = "") -> Standings:
    """Ask everything. Raises UpstreamError."""
    window = window_before(at)
    asked, days = window.asked(tenant), trading_days(calendar, window.start, window.end)
    span = {key: asked[key] for key in ("tenant", "from", "to")}
    late = {"tenant": tenant, "day": window.end, "late_days": LATE_DAYS}
    answers = _Answers(
        stored=sources(questions, window),
        consistency=by(questions.ask("health_consistency", asked | {"days": days}), "tenant"),
        budgets=_by_set(questions.ask("health_budgets", asked)),
        features=features(questions, window, USED_DAYS, tenant),
        tickets=by(questions.ask("health_tickets", span), "tenant"),
        breaches=by(questions.ask("health_breaches", asked), "tenant"),
        invoices=by(questions.ask("health_invoices", late), "tenant"),
        growth=growth(questions, calendar, window, tenant),
    )
    customers = {"tenant": tenant, "from": window.start, "day": window.end, "as_of": window.as_of}
    rows = questions.ask("health_customers", customers)
    return Standings(window, window.end, answers.stored, {row["tenant"]: _standing(row, answers) for row in rows})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answers:
    stored: Sources
    consistency: Mapping[str, Row]
    budgets: Mapping[tuple[str, tuple[str, ...]], Sequence[Row]]
    features: Mapping[str, Mapping[str, bool | None]]
    tickets: Mapping[str, Row]
    breaches: Mapping[str, Row]
    invoices: Mapping[str, Row]
    growth: Mapping[str, Row]


def _by_set(rows: Sequence[Row]) -> dict[tuple[str, tuple[str, ...]], list[Row]]:
    found: dict[tuple[str, tuple[str, ...]], list[Row]] = {}
    for row in rows:
        found.setdefault((row["tier"], tuple(row["narrower"])), []).append(row)
    return found


def _standing(row: Row, answers: _Answers) -> Standing:
    tenant, stored = row["tenant"], answers.stored
    steady, grown, narrower = answers.consistency[tenant], answers.growth.get(tenant, {}), tuple(row["narrower"])
    judged = answers.budgets.get((row["tier"], narrower), ())
    found = (
        _consistency(steady, stored),
        _performance(row["tier"], judged, stored),
        _adopted(answers.features.get(tenant, {}), stored),
        _support(answers.tickets.get(tenant, {}), stored),
    )
    components = dict(zip(COMPONENTS, found, strict=True))
    breaches = answers.breaches.get(tenant, {"breached_days": 0, "objectives": []})
    change = grown.get("change_percent")
    return Standing(
        tenant=tenant,
        tier=row["tier"],
        narrower=narrower,
        health=_health(components, steady["trading_days"]),
        components=components,
        breached_days=breaches["breached_days"] if judged else None,
        breached=tuple(breaches["objectives"]),
        change_percent=change,
        change_unknown=None if change is not None else _unchanged(grown),
        late=answers.invoices.get(tenant, {}) if stored.has("invoices") else None,
        ends_on=row["ends_on"],
    )


def _unchanged(grown: Row) -> str:
    if not grown.get("is_old_enough", False):
        return "it has not been a customer for sixty days"
    return "nothing was consumed in the thirty days before"


def _health(components: Mapping[str, Score], days: int) -> Score:
    values = {name: score.value for name, score in components.items()}
    parts: dict[str, Value | None] = {**values, "trading_days": days}
    if days < LEAST_TRADING_DAYS:
        reason = f"a customer on {days} trading days of the last thirty, of {LEAST_TRADING_DAYS} that a score needs"
        return Score.missing(Status.INSUFFICIENT_DATA, reason, parts)
    value = mean_of_known(values)
    if value is None:
        return Score.missing(Status.NO_SOURCE, "none of the four parts is known", parts)
    known = sum(part is not None for part in values.values())
    lost = [f"{name} ({components[name].reason})" for name, part in values.items() if part is None]
    note = f"the mean of {known} of 4 parts, without {', '.join(lost)}" if lost else None
    return Score(value=value, note=note, n=known, parts=parts)


def _consistency(steady: Row, stored: Sources) -> Score:
    if (lacking := stored.unconsumed()) is not None:
        return Score.missing(Status.NO_SOURCE, lacking)
    days = steady["trading_days"]
    if not days:
        return Score.missing(Status.INSUFFICIENT_DATA, "not a customer on any trading day yet")
    parts = {"active_days": steady["active_days"], "trading_days": days, "cv": steady["cv"]}
    return Score(value=steady["consistency"], n=days, parts=parts)


def _performance(tier: str, judged: Sequence[Row], stored: Sources) -> Score:
    if not judged:
        return Score.missing(Status.NO_SOURCE, f"no promise of {tier} was judged from {stored.window}")
    used = {row["objective"]: row["budget_used"] for row in judged}
    parts: dict[str, Value | None] = {
        f"{name}_budget_used_percent": None if share is None else round(PERCENT * share, 2)
        for name, share in used.items()
    }
    value = satisfaction(used)
    if value is None:
        return Score.missing(Status.INSUFFICIENT_DATA, f"too few records of {tier} to judge", parts)
    few = [name for name, share in used.items() if share is None]
    note = f"too few to judge: {', '.join(few)}" if few else None
    return Score(value=value, note=note, n=sum(row["total"] for row in judged), parts=parts)


def _adopted(used: Mapping[str, bool | None], stored: Sources) -> Score:
    value, note = adoption(used, stored)
    if value is None:
        return Score.missing(Status.NO_SOURCE, stored.unconsumed() or note)
    seen = {name: int(yes) for name, yes in used.items() if yes is not None}
    return Score(value=round(value, 2), note=note or None, n=len(seen), parts={**seen})


def _support(row: Row, stored: Sources) -> Score:
    if not stored.has("tickets"):
        return Score.missing(Status.NO_SOURCE, "no tickets have been imported")
    tickets = row.get("tickets", 0)
    return Score(value=support(tickets), n=tickets, parts={"tickets": tickets, "severe": row.get("severe", 0)})

"""What a tenant was promised and what it got: live, over the last hour, and by contract, over the calendar month."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any, Final

from analytics.sla.burning import burns
from analytics.sla.incidents import LEAST_EVENTS, Burn, Subject
from analytics.sla.slices import FORMULA, SHARES
from analytics.sla.store import Store
from analytics.summary import Row
from analytics.usage import Status
from tierfeed.domain.market import Calendar, month_of
from tierfeed.domain.objectives import ALERTS, HOUR_S, MILLION, Objective, budgets, target_ppm
from tierfeed.domain.spans import total
from tierfeed.domain.tenants import Registered
from tierfeed.domain.tiers import Tier
from tierfeed.settings import ClickHouseSettings

REVIEW: Final = timedelta(hours=1)
PERCENT: Final = 100


@dataclass(frozen=True, slots=True)
class Kept:
    """How far one objective was kept in a span: `good` of `total`, records, updates or slices of time.

    `value_percent` and `is_kept` are None where the status is not ok. `budget_left_percent`, of a month: what is left
    of what may go wrong in it, below 0 where more has; of occurrences, of those so far. `burn_rates`: by hours, live.
    """

    objective: Objective
    target_percent: float
    value_percent: float | None
    good: int
    total: int
    unmeasured: int
    status: Status
    is_kept: bool | None
    budget_left_percent: float | None = None
    burn_rates: Mapping[str, float | None] | None = None


@dataclass(frozen=True, slots=True)
class SLAComplianceReport:
    """The report of SLAManager. Flags are None where there is too little to tell; so is `overall_compliance` then,
    unless another flag is False.
    """

    tenant_id: str | None
    subscription_tier: str
    sla_targets: Mapping[str, float | int | None]
    current_metrics: Mapping[str, float | int | None]
    compliance_status: Mapping[str, bool | None]
    overall_compliance: bool | None
    next_review_date: datetime
    live: tuple[Kept, ...]
    month: str
    month_status: str
    contractual: tuple[Kept, ...]
    incidents: tuple[Row, ...]
    """Going on now."""
    judged_until: datetime | None
    computed_at: datetime
    formula_version: str = FORMULA


class SLAManager:
    """Reports from the stored slices; the judge's process sees to it that there are any."""

    def __init__(self, settings: ClickHouseSettings, registered: Registered, calendar: Calendar) -> None:
        self._settings, self._registered, self._calendar = settings, registered, calendar

    def monitor_sla_compliance(
        self, tenant_id: str, month: str | None = None, at: datetime | None = None
    ) -> SLAComplianceReport:
        """Of one tenant. Raises ConfigError where there is no such tenant or month, UpstreamError."""
        tenant = self._registered.tenant(tenant_id)
        tier = self._registered.tier_of(tenant)
        return self._report(Subject(tenant_id, tier.name, tenant.symbols), tenant_id, tier, month, at)

    def tier_compliance(self, name: str, month: str | None = None, at: datetime | None = None) -> SLAComplianceReport:
        """Of a tier with all of its symbols. Raises as above."""
        return self._report(Subject(name, name), None, self._registered.tiers[name], month, at)

    def _report(
        self, subject: Subject, tenant_id: str | None, tier: Tier, month: str | None, at: datetime | None
    ) -> SLAComplianceReport:
        now = at or datetime.now(UTC)
        store = Store(self._settings)
        try:
            done = store.done()
            until = int(now.timestamp()) if done is None else min(done[1], int(now.timestamp()))
            live = self._live(store, subject, tier, until)
            month = month or now.strftime("%Y-%m")
            since = None if tenant_id is None else store.customer_since(tenant_id, *month_of(month))
            contractual = self._contractual(store, subject, tier, month, until, since)
            asked = {"subject": subject.name if subject.symbols else tier.name, "from": now, "to": now}
            going_on = tuple(row for row in store.ask("sla_incidents", asked) if row["ended"] is None)
            metrics = _metrics(store, subject, until, live)
        finally:
            store.close()
        flags = {f"{kept.objective}_compliance": kept.is_kept for kept in live}
        return SLAComplianceReport(
            tenant_id=tenant_id,
            subscription_tier=tier.name,
            sla_targets={
                "latency_ms": None if tier.latency_us is None else tier.latency_us / 1000,
                "uptime_percent": _percent(tier.uptime_ppm),
                "data_completeness_percent": _percent(tier.completeness_ppm),
                "broker_redundancy": tier.redundancy,
            },
            current_metrics=metrics,
            compliance_status=flags,
            overall_compliance=_overall(list(flags.values())),
            next_review_date=now + REVIEW,
            live=live,
            month=month,
            month_status=_month_status(month, now),
            contractual=contractual,
            incidents=going_on,
            judged_until=None if done is None else datetime.fromtimestamp(done[1], UTC),
            computed_at=now,
        )

    def _live(self, store: Store, subject: Subject, tier: Tier, until: int) -> tuple[Kept, ...]:
        rows = {row["objective"]: row for row in store.judged(subject, until - HOUR_S, until, HOUR_S)}
        burning = burns(store, self._calendar, subject, tier, until)
        return tuple(
            _kept(objective, target, rows.get(objective), burn_rates=_rates(burning[objective]))
            for objective, target in _promised(tier)
        )

    def _contractual(
        self, store: Store, subject: Subject, tier: Tier, month: str, until: int, since: datetime | None
    ) -> tuple[Kept, ...]:
        """Of the month; of a tenant that came or changed within it, from then on."""
        first, after = month_of(month)
        first = since or first
        start, end = int(first.timestamp()), int(after.timestamp())
        span = end - start
        rows = {row["objective"]: row for row in store.judged(subject, start, min(end, max(until, start)), span)}
        scheduled = total(self._calendar.scheduled(first, after, tier.brokers))
        slices = {budget.objective: budget.slices for budget in budgets(tier, scheduled)}
        found = []
        for objective, target in _promised(tier):
            row = rows.get(objective)
            events = slices[objective] or (row["total"] if row else 0)
            found.append(_kept(objective, target, row, budget_left_percent=_left(row, target, events)))
        return tuple(found)


def _promised(tier: Tier) -> list[tuple[Objective, int]]:
    """(objective, share in millionths) of what the tier promises."""
    targets = [(objective, target_ppm(tier, objective)) for objective in Objective]
    return [(objective, target) for objective, target in targets if target is not None]


def _kept(objective: Objective, target: int, row: Row | None, **more: Any) -> Kept:
    good, events, unmeasured = (row["good"], row["total"], row["unmeasured"]) if row else (0, 0, 0)
    is_enough = events >= LEAST_EVENTS if objective in SHARES else events > 0
    return Kept(
        objective=objective,
        target_percent=target / MILLION * PERCENT,
        value_percent=round(PERCENT * good / events, 5) if is_enough else None,
        good=good,
        total=events,
        unmeasured=unmeasured,
        status=Status.OK if is_enough else Status.INSUFFICIENT_DATA,
        is_kept=good * MILLION >= target * events if is_enough else None,
        **more,
    )


def _left(row: Row | None, target: int, events: int) -> float | None:
    """Of what may go wrong in so many events."""
    allowed = Fraction(events * (MILLION - target), MILLION)
    if row is None or allowed == 0:
        return None
    return float(round(PERCENT * (1 - (row["total"] - row["good"]) / allowed), 2))


def _rates(burn: Burn) -> dict[str, float | None]:
    found: dict[str, float | None] = {}
    for _, window_s in ALERTS:
        rate = burn.rate(window_s)
        found[f"{window_s // HOUR_S}h"] = None if rate is None else float(round(rate, 3))
    return found


def _metrics(store: Store, subject: Subject, until: int, live: tuple[Kept, ...]) -> dict[str, float | int | None]:
    asked = {
        "tier": subject.tier,
        "symbols": sorted(subject.symbols or ()),
        "to": datetime.fromtimestamp(until, UTC),
    }
    (latency,) = store.ask("sla_latency", asked | {"from": datetime.fromtimestamp(until - HOUR_S, UTC)})
    brokers = store.ask("sla_brokers", asked)
    shares = {kept.objective: kept.value_percent for kept in live}
    return {
        "records": latency["records"],
        "latency_p50_ms": latency["p50_ms"],
        "latency_p95_ms": latency["p95_ms"],
        "latency_p99_ms": latency["p99_ms"],
        "latency_mean_ms": latency["mean_ms"],
        "in_time_percent": shares.get(Objective.LATENCY),
        "uptime_percent": shares.get(Objective.UPTIME),
        "completeness_percent": shares.get(Objective.COMPLETENESS),
        "redundancy_percent": shares.get(Objective.REDUNDANCY),
        "broker_count": brokers[0]["brokers"] if brokers else None,
    }


def _overall(flags: list[bool | None]) -> bool | None:
    if False in flags:
        return False
    return None if None in flags or not flags else True


def _month_status(month: str, now: datetime) -> str:
    """Figures of a month are frozen when it is closed, which is later than its end."""
    return "running" if now < month_of(month)[1] else "provisional"


def _percent(ppm: int | None) -> float | None:
    return None if ppm is None else ppm / MILLION * PERCENT

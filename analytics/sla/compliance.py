"""What a tenant was promised and what it got: live, over the last hour, and by contract, over the calendar month."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any, Final

from analytics.figures import Status
from analytics.sla.burning import burns
from analytics.sla.customers import Bought, Promised, promised, unpromised
from analytics.sla.incidents import LEAST_EVENTS, Burn, Subject
from analytics.sla.slices import FORMULA, SHARES
from analytics.sla.store import Store
from analytics.summary import Row
from tierfeed.domain.market import Calendar, month_of
from tierfeed.domain.objectives import ALERTS, HOUR_S, MILLION, Objective, Promises, budgets, target_ppm
from tierfeed.domain.spans import total
from tierfeed.domain.tenants import Registered
from tierfeed.domain.tiers import Tier
from tierfeed.errors import ConfigError
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

    Of a tenant that is no customer any more, everything that is live is empty and its tier None; of one that was none
    at the month's end, `contractual` is empty, and `promised` says why.
    """

    tenant_id: str | None
    subscription_tier: str | None
    sla_targets: Mapping[str, float | int | None]
    current_metrics: Mapping[str, float | int | None]
    compliance_status: Mapping[str, bool | None]
    overall_compliance: bool | None
    next_review_date: datetime
    live: tuple[Kept, ...]
    month: str
    month_status: str
    promised: Promised
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
        """Of one tenant: live by what it has now, over the month by what it had at the month's end.

        Raises ConfigError where there is no such month or tenant, or it has nothing now and had nothing then;
        UpstreamError.
        """
        now = at or datetime.now(UTC)
        asked = _Asked(self._present(tenant_id), tenant_id, month or f"{now:%Y-%m}", now)
        with closing(Store(self._settings)) as store:
            bought = self._bought(store, asked)
            if asked.present is None and isinstance(bought, Promised):
                raise ConfigError(f"{tenant_id} is no customer now, and {bought.reason}")
            return self._report(store, asked, bought)

    def tier_compliance(self, name: str, month: str | None = None, at: datetime | None = None) -> SLAComplianceReport:
        """Of a tier with all of its symbols, by what it promises now. Raises as above."""
        now, subject, tier = at or datetime.now(UTC), Subject(name, name), self._registered.tiers[name]
        asked = _Asked((subject, tier), None, month or f"{now:%Y-%m}", now)
        with closing(Store(self._settings)) as store:
            return self._report(store, asked, Bought.of_tier(subject, tier, month_of(asked.month)[0]))

    def _present(self, tenant_id: str) -> tuple[Subject, Tier] | None:
        tenant = self._registered.tenants.get(tenant_id)
        if tenant is None:
            return None
        tier = self._registered.tier_of(tenant)
        return Subject(tenant_id, tier.name, tenant.symbols), tier

    def _bought(self, store: Store, asked: "_Asked") -> Bought | Promised:
        """What the tenant had at the month's end; of a month that is not over, what it has. Else why it had nothing."""
        assert asked.tenant_id is not None
        start, end = month_of(asked.month)
        bought = store.customers(start, end, asked.tenant_id).get(asked.tenant_id)
        if bought is not None:
            return bought
        if asked.present is not None and asked.now < end:
            return Bought.of_tier(*asked.present, start)
        told = store.register(asked.tenant_id, end)
        if asked.present is None and told["came"] is None:
            self._registered.tenant(asked.tenant_id)  # raises: it never was one
        return unpromised(asked.tenant_id, asked.month, end, told)

    def _report(self, store: Store, asked: "_Asked", bought: Bought | Promised) -> SLAComplianceReport:
        now, tier = asked.now, None if asked.present is None else asked.present[1]
        done = store.done()
        until = int(now.timestamp()) if done is None else min(done[1], int(now.timestamp()))
        live = () if asked.present is None else self._live(store, *asked.present, until)
        flags = {f"{kept.objective}_compliance": kept.is_kept for kept in live}
        return SLAComplianceReport(
            tenant_id=asked.tenant_id,
            subscription_tier=None if tier is None else tier.name,
            sla_targets={} if tier is None else _sla_targets(tier),
            current_metrics={} if asked.present is None else _metrics(store, asked.present[0], until, live),
            compliance_status=flags,
            overall_compliance=_overall(list(flags.values())),
            next_review_date=now + REVIEW,
            live=live,
            month=asked.month,
            month_status=_month_status(asked.month, now),
            promised=bought if isinstance(bought, Promised) else promised(bought),
            contractual=() if isinstance(bought, Promised) else self._contractual(store, bought, asked.month, until),
            incidents=() if asked.present is None else _going_on(store, asked.present[0], now),
            judged_until=None if done is None else datetime.fromtimestamp(done[1], UTC),
            computed_at=now,
        )

    def _live(self, store: Store, subject: Subject, tier: Tier, until: int) -> tuple[Kept, ...]:
        rows = {row["objective"]: row for row in store.judged(subject, until - HOUR_S, until, HOUR_S)}
        burning = burns(store, self._calendar, subject, tier, until)
        return tuple(
            _kept(objective, target, rows.get(objective), burn_rates=_rates(burning[objective]))
            for objective, target in _targets(tier)
        )

    def _contractual(self, store: Store, bought: Bought, month: str, until: int) -> tuple[Kept, ...]:
        """Of the month; of a tenant that came or changed within it, from then on."""
        _, after = month_of(month)
        start, end = int(bought.since.timestamp()), int(after.timestamp())
        span = end - start
        judged = store.judged(bought.subject, start, min(end, max(until, start)), span)
        rows = {row["objective"]: row for row in judged}
        scheduled = total(self._calendar.scheduled(bought.since, after, bought.brokers))
        slices = {budget.objective: budget.slices for budget in budgets(bought, scheduled)}
        found = []
        for objective, target in _targets(bought):
            row = rows.get(objective)
            events = slices[objective] or (row["total"] if row else 0)
            found.append(_kept(objective, target, row, budget_left_percent=_left(row, target, events)))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class _Asked:
    """Whose report of which month, as of when. `present`: what it has now; None: it is no customer any more."""

    present: tuple[Subject, Tier] | None
    tenant_id: str | None
    month: str
    now: datetime


def _targets(tier: Promises) -> list[tuple[Objective, int]]:
    """(objective, share in millionths) of what the tier promises."""
    targets = [(objective, target_ppm(tier, objective)) for objective in Objective]
    return [(objective, target) for objective, target in targets if target is not None]


def _sla_targets(tier: Tier) -> dict[str, float | int | None]:
    return {
        "latency_ms": None if tier.latency_us is None else tier.latency_us / 1000,
        "uptime_percent": _percent(tier.uptime_ppm),
        "data_completeness_percent": _percent(tier.completeness_ppm),
        "broker_redundancy": tier.redundancy,
    }


def _going_on(store: Store, subject: Subject, now: datetime) -> tuple[Row, ...]:
    asked = {"subject": subject.name if subject.symbols else subject.tier, "from": now, "to": now}
    return tuple(row for row in store.ask("sla_incidents", asked) if row["ended"] is None)


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

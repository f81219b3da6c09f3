"""What endangers a customer, each with its figures and what to do about it (SEMANTICS 10). Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from analytics.business.standing import LATE_DAYS, Standing
from analytics.figures import Value, usd

LOW_PART: Final = 50
DROP_PERCENT: Final = -30
BREACHED_DAYS: Final = 2
RENEWAL_DAYS: Final = 60
RENEWAL_HEALTH: Final = 70
PART_ACTIONS: Final[Mapping[str, str]] = {
    "data_usage_consistency": "Ask how the feed is used and offer help with the client: use is thin, or in bursts",
    "performance_satisfaction": "Tell what is done about the service before the customer asks",
    "feature_adoption_rate": "Show what the tier has that is not used yet",
    "support_ticket_ratio": "Go through the open tickets together, the severe ones first",
}


@dataclass(frozen=True, slots=True)
class RiskFactor:
    """One danger. `action`: what is recommended."""

    name: str
    told: str
    figures: Mapping[str, Value | None]
    action: str


def risks(standing: Standing, day: date) -> Iterator[RiskFactor]:
    """Those that are known; of what is not, `unknown_risks` tells. Parts count where they make a score."""
    if standing.health.value is not None:
        for name, score in standing.components.items():
            if score.value is not None and score.value < LOW_PART:
                told = f"{name} is {score.value:g}, below {LOW_PART}"
                yield RiskFactor(f"low_{name}", told, {"value": score.value, **score.parts}, PART_ACTIONS[name])
    change = standing.change_percent
    if change is not None and change <= DROP_PERCENT:
        told = f"use per trading day has changed by {change:g} % against the thirty days before"
        yield RiskFactor("use_down", told, {"change_percent": change}, "Call: find out what has changed on their side")
    if standing.breached_days is not None and standing.breached_days >= BREACHED_DAYS:
        told = f"promises of {', '.join(standing.breached)} were broken on {standing.breached_days} of 30 days"
        action = "Send the incidents with their causes and what was done, and propose the credit that is owed"
        yield RiskFactor("breaches", told, {"breached_days": standing.breached_days}, action)
    if standing.late:
        yield _late(standing.late)
    yield from _renewal(standing, day)


def unknown_risks(standing: Standing) -> tuple[str, ...]:
    """Which risks nobody could tell of, and why."""
    found = []
    if standing.change_percent is None:
        found.append(f"use_down: {standing.change_unknown}")
    if standing.breached_days is None:
        found.append("breaches: no promise was judged")
    if standing.late is None:
        found.append("invoice_late: no invoices have been imported")
    return tuple(found)


def _late(late: Mapping[str, int]) -> RiskFactor:
    owed, days, count = usd(late["owed_microusd"]), late["days_late"], late["invoices"]
    which = "1 invoice" if count == 1 else f"{count} invoices"
    told = f"{which} of ${owed:,.2f} in all more than {LATE_DAYS} days late, the oldest by {days}"
    figures: dict[str, Value | None] = {"invoices": count, "owed_usd": owed, "days_late": days}
    return RiskFactor("invoice_late", told, figures, "Have somebody whom the customer knows ask about the invoices")


def _renewal(standing: Standing, day: date) -> Iterator[RiskFactor]:
    health, ends_on = standing.health.value, standing.ends_on
    if ends_on is None or health is None or health >= RENEWAL_HEALTH:
        return
    left = (ends_on - day).days
    if 0 <= left <= RENEWAL_DAYS:
        told = f"the contract ends in {left} days, on {ends_on}, and health is {health:g}, below {RENEWAL_HEALTH}"
        figures: dict[str, Value | None] = {"days_left": left, "ends_on": ends_on.isoformat(), "health": health}
        yield RiskFactor("renewal", told, figures, "Open the talk about renewal now, with a plan for what went wrong")

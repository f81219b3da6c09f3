"""Whether a tenant may be offered a larger tier, and how promising that is (SEMANTICS 10). Pure."""

from collections.abc import Callable, Mapping
from typing import Final

from analytics.business.patterns import Pattern
from analytics.business.scores import PERCENT, WEIGHTS, Score, upsell
from analytics.business.standing import Standing
from analytics.figures import Status, Value

LEAST_HEALTH: Final = 60


def potential(pattern: Pattern, standing: Standing | None) -> Score:
    """`upsell_potential`: 0 where a gate is shut, which the note tells; None where nobody knows whether it is.

    Parts: each signal's strength in percent, and what they come to without gates.
    """
    parts: dict[str, Value | None] = {
        name: None if strength is None else round(PERCENT * strength, 2) for name, strength in pattern.signals.items()
    }
    if pattern.is_top:
        return Score.missing(Status.NOT_APPLICABLE, f"{pattern.tier} is the top tier", parts)
    if pattern.next_tier is None:
        return Score.missing(Status.NO_SOURCE, f"the register has no price of {pattern.tier}, or no tier above", parts)
    if standing is None:
        return Score.missing(
            Status.NOT_APPLICABLE, f"{pattern.tenant} is no customer any more, or is not on record", parts
        )
    known = {name: strength for name, strength in pattern.signals.items() if strength is not None}
    if not known:
        return Score.missing(Status.NO_SOURCE, _told(pattern.unknown), parts)
    value = upsell(pattern.signals)
    parts |= {"before_gates": value, "health": standing.health.value, "breached_days": standing.breached_days}
    if standing.health.value is None:
        return Score.missing(Status.INSUFFICIENT_DATA, f"the gate is not known: {standing.health.reason}", parts)
    if standing.breached_days is None:
        return Score.missing(Status.INSUFFICIENT_DATA, "the gate is not known: no promise was judged in 30 days", parts)
    shut = _shut(standing.health.value, standing.breached_days)
    lacking = f"adds nothing, for it is not known: {_told(pattern.unknown)}" if pattern.unknown else None
    notes = [note for note in (shut, lacking) if note is not None]
    return Score(value=0.0 if shut else value, note="; ".join(notes) or None, n=len(known), parts=parts)


def told_signals(pattern: Pattern) -> dict[str, str]:
    """What speaks for the next tier, strongest first, each with its figures."""
    asked, conflated, growth = pattern.asked, pattern.conflated, pattern.growth
    said: dict[str, Callable[[], str]] = {
        "denied_requests": lambda: f"was refused {', '.join(asked['tiers'])} on {asked['denied_days']} days",
        "history_refused": lambda: f"was refused history on {asked['history_days']} days",
        "conflated_away": lambda: (
            f"saw {conflated['own_records']:,} of {conflated['next_records']:,} records that {pattern.next_tier} has: "
            f"{conflated['conflated_percent']:g} % were conflated away"
        ),
        "efficiency": lambda: "uses at least 80 % of its symbols and of their records",
        "growth": lambda: f"consumes {growth['change_percent']:g} % more a day than in the thirty days before",
    }
    present = [name for name, strength in pattern.signals.items() if strength]
    present.sort(key=lambda name: -WEIGHTS[name] * (pattern.signals[name] or 0))
    return {name: said[name]() for name in present}


def _shut(health: float, breached_days: int) -> str | None:
    if health < LEAST_HEALTH:
        return f"not now: health is {health:g}, below {LEAST_HEALTH}"
    return f"not now: a promise was broken on {breached_days} of 30 days" if breached_days else None


def _told(unknown: Mapping[str, str]) -> str:
    return "; ".join(f"{name}: {why}" for name, why in unknown.items())

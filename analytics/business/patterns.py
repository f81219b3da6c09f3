"""What each tenant did with what it pays for over a span: asked of ClickHouse for all tenants at once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from analytics.business.scores import Score, by_days, fits, grows, mean_of_known
from analytics.business.windows import THIRTY, Window, market_hours, trading_days
from analytics.figures import Status
from analytics.summary import Questions, Row
from schemas import topics
from tierfeed.domain.market import Calendar

UNKNOWN_TENANT: Final = "consumption"
"""Who told of a tenant that neither the register nor a subscription knows."""
UNSEEN: Final = "nobody can see whether {} was used"


@dataclass(frozen=True, slots=True)
class Sources:
    """What is stored at all: see sql/consumption_sources.sql."""

    window: Window
    rows: Mapping[str, Row]

    def has(self, source: str) -> bool:
        return bool(self.rows[source]["stored"])

    @property
    def synthetic(self) -> tuple[str, ...]:
        """The kinds of rows of which some are made up."""
        return tuple(sorted(source for source, row in self.rows.items() if row["synthetic"]))

    def uncosted(self) -> str | None:
        """Why there are no costs; None: there are."""
        if not (months := self.rows["costs"]["missing"]):
            return None
        return f"no costs of {', '.join(months)} are allocated: `tierfeed report costs` computes them"

    def unconsumed(self) -> str | None:
        return None if self.has("consumption") else f"no consumption of {self.window} is stored"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """One tenant. `ticks` is None where nothing is stored of anybody.

    `signals`: how strongly each speaks for a larger tier, 0 to 1; None where nobody knows, which `unknown` explains.
    """

    tenant: str
    tier: str
    told_by: str
    since: date | None
    narrower: tuple[str, ...]
    symbols: tuple[str, ...]
    ticks: int | None
    replayed: int | None
    latency_ms: float | None
    usable_percent: float | None
    efficiency: Score
    next_tier: str | None
    is_top: bool
    signals: Mapping[str, float | None]
    unknown: Mapping[str, str]
    asked: Row
    conflated: Row
    growth: Row


@dataclass(frozen=True, slots=True)
class Patterns:
    """All tenants that were customers within a window, or consumed in it."""

    window: Window
    sources: Sources
    tenants: Mapping[str, Pattern]


def sources(questions: Questions, window: Window) -> Sources:
    rows = questions.ask("consumption_sources", {"from": window.start, "to": window.end})
    return Sources(window, by(rows, "source"))


def patterns(questions: Questions, calendar: Calendar, window: Window, now: datetime, tenant: str = "") -> Patterns:
    """Ask everything. Raises UpstreamError."""
    stored, asked = sources(questions, window), window.asked(tenant)
    ladder = by(questions.ask("upsell_ladder", {"as_of": window.as_of}), "tier")
    hours = market_hours(calendar, window.begin, min(window.until, max(now, window.begin)))
    answers = _Answers(
        stored=stored,
        ladder=ladder,
        efficiency=by(
            questions.ask("consumption_efficiency", asked | {"days": [*hours], "hours": [*hours.values()]}), "tenant"
        ),
        features=features(questions, window, 1, tenant),
        asked=by(questions.ask("upsell_asked", asked | _topics(ladder)), "tenant"),
        conflated=by(questions.ask("upsell_conflated", asked), "tenant"),
        growth=growth(questions, calendar, window, tenant),
    )
    rows = questions.ask("consumption_tenants", asked)
    return Patterns(window, stored, {row["tenant"]: _pattern(row, answers) for row in rows})


def by(rows: Iterable[Row], key: str) -> dict[str, Row]:
    return {row[key]: row for row in rows}


def features(
    questions: Questions, window: Window, least_days: int, tenant: str = ""
) -> dict[str, dict[str, bool | None]]:
    """By tenant: of each feature whether it was used on so many days at least; None where nobody can see."""
    found: dict[str, dict[str, bool | None]] = {}
    for row in questions.ask("consumption_features", window.asked(tenant) | {"least_days": least_days}):
        used = row["used"]
        found.setdefault(row["tenant"], {})[row["feature"]] = None if used is None else bool(used)
    return found


def growth(questions: Questions, calendar: Calendar, window: Window, tenant: str = "") -> dict[str, Row]:
    """The thirty days to the window's end against those before."""
    days = trading_days(calendar, window.end - 2 * THIRTY, window.end)
    asked = {"tenant": tenant, "to": window.end, "as_of": window.as_of, "days": days}
    return by(questions.ask("consumption_growth", asked), "tenant")


def adoption(used: Mapping[str, bool | None], stored: Sources) -> tuple[float | None, str]:
    """The percentage of what can be seen that was used, and what cannot be seen."""
    seen = [value for name, value in used.items() if value is not None and (name != "basic_price" or _can_see(stored))]
    unseen = sorted(name for name, value in used.items() if value is None)
    note = UNSEEN.format(", ".join(unseen)) if unseen else ""
    return (100 * sum(seen) / len(seen) if seen else None), note


def _can_see(stored: Sources) -> bool:
    return stored.has("consumption")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answers:
    stored: Sources
    ladder: Mapping[str, Row]
    efficiency: Mapping[str, Row]
    features: Mapping[str, Mapping[str, bool | None]]
    asked: Mapping[str, Row]
    conflated: Mapping[str, Row]
    growth: Mapping[str, Row]


def _topics(tiers: Iterable[str]) -> dict[str, list[str]]:
    pairs = [(topic, tier) for tier in tiers for topic in (topics.tier(tier), topics.latest(tier))]
    return {"topics": [topic for topic, _ in pairs], "topic_tiers": [tier for _, tier in pairs]}


def _pattern(row: Row, answers: _Answers) -> Pattern:
    tenant, step = row["tenant"], answers.ladder.get(row["tier"], {})
    is_stored = answers.stored.has("consumption")
    signals, unknown = _signals(row, answers)
    return Pattern(
        tenant=tenant,
        tier=row["tier"],
        told_by=row["told_by"],
        since=row["since"],
        narrower=tuple(row["narrower"]),
        symbols=tuple(row["symbols"]),
        ticks=row["ticks"] if is_stored else None,
        replayed=row["replayed"] if is_stored else None,
        latency_ms=row["latency_ms"],
        usable_percent=row["usable_percent"],
        efficiency=_efficiency(row, answers),
        next_tier=step.get("next_tier"),
        is_top=step.get("rank") is not None and step.get("next_tier") is None,
        signals=signals,
        unknown=unknown,
        asked=answers.asked.get(tenant, {}),
        conflated=answers.conflated.get(tenant, {}),
        growth=answers.growth.get(tenant, {}),
    )


def _efficiency(row: Row, answers: _Answers) -> Score:
    """Mean of symbols, time, rate and features."""
    tenant = row["tenant"]
    if (lacking := answers.stored.unconsumed()) is not None:
        return Score.missing(Status.NO_SOURCE, lacking)
    found = answers.efficiency.get(tenant)
    if found is None:
        return Score.missing(
            Status.NOT_APPLICABLE, f"neither the register nor a subscription says what {tenant} pays for"
        )
    adopted, note = adoption(answers.features.get(tenant, {}), answers.stored)
    parts: dict[str, float | None] = {
        "symbols": found["symbols_percent"],
        "time": found["time_percent"],
        "rate": found["rate_percent"],
        "features": adopted,
    }
    notes = (
        [f"not known and left out: {', '.join(lost)}"] if (lost := [k for k, v in parts.items() if v is None]) else []
    )
    more: dict[str, Any] = {
        name: found[name]
        for name in ("symbols_consumed", "symbols_entitled", "active_hours", "market_hours", "consumed", "published")
    }
    value = mean_of_known(parts)
    if value is None:
        return Score.missing(Status.INSUFFICIENT_DATA, "none of its parts is known", {**parts, **more})
    return Score(
        value=value,
        note="; ".join([*notes, *([note] if note else [])]) or None,
        n=sum(part is not None for part in parts.values()),
        parts={**parts, **more},
    )


def _signals(row: Row, answers: _Answers) -> tuple[dict[str, float | None], dict[str, str]]:
    """(how strong each is, why those are not known that are not)."""
    tenant, stored = row["tenant"], answers.stored
    asked, found = answers.asked.get(tenant, {}), answers.efficiency.get(tenant, {})
    conflated, grown = answers.conflated.get(tenant, {}), answers.growth.get(tenant, {})
    is_told = stored.has("decisions")
    away = conflated.get("conflated_percent")
    signals = {
        "denied_requests": by_days(asked.get("denied_days", 0)) if is_told else None,
        "efficiency": fits(found.get("symbols_percent"), found.get("rate_percent"))
        if stored.has("consumption")
        else None,
        "conflated_away": None if away is None else away / 100,
        "history_refused": by_days(asked.get("history_days", 0)) if is_told else None,
        "growth": grows(grown.get("change_percent")),
    }
    why = {
        "denied_requests": "no refusal of anybody is on record",
        "history_refused": "no refusal of anybody is on record",
        "efficiency": "the use of symbols or rate is not known",
        "conflated_away": "nothing was consumed of which the next tier's records are known",
        "growth": "nothing is known of the thirty days before"
        if grown.get("is_old_enough", True)
        else "a customer for less than sixty days",
    }
    return signals, {name: why[name] for name, strength in signals.items() if strength is None}

"""Drills: incidents that are known before they happen, and what has to come of each. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

BROKERS: Final = ("fxcm", "ic_markets", "pepperstone")
SYMBOLS: Final = ("EURUSD", "NZDUSD")
SEED: Final = 20140508
ENDS: Final = ("RESOLVED", "REVERTED", "ESCALATED")


@dataclass(frozen=True, slots=True)
class Drill:
    """`remedies`: by "tier objective", the action and how it ends. `gaps`: by cause, how all of them end.

    `crossed`: the tier whose composite is crossed while the incident lasts, and at no other time for long.
    """

    name: str
    says: str
    profiles: Mapping[str, Mapping[str, Any]]
    remedies: Mapping[str, tuple[str, str]]
    gaps: Mapping[str, str]
    crossed: str | None = None

    @classmethod
    def of(cls, name: str, document: Mapping[str, Any]) -> "Drill":
        return cls(
            name,
            document["says"],
            document["profiles"],
            {key: (action, end) for key, (action, end) in document.get("remedies", {}).items()},
            document.get("gaps", {}),
            document.get("crossed"),
        )

    @property
    def span_s(self) -> tuple[int, int]:
        """When the last incident begins, and when it is over, in seconds of the tape."""
        times = [
            (each["at_s"], each["at_s"] + each["for_s"])
            for profile in self.profiles.values()
            for kind in ("outages", "troubles")
            for each in profile.get(kind, ())
        ]
        return max(times)

    def tape(self, folder: str) -> dict[str, Any]:
        """A tape of simulated brokers over the shipped one, which is in `folder`: calm but for the incident."""
        recorded = {"fxcm": ("fxcm", "-05:00")}
        entries = []
        for broker in BROKERS:
            source, offset = recorded.get(broker, ("oanda", "+00:00"))
            simulate = {"profile": dict(self.profiles.get(broker, {})), "seed": SEED}
            entries += [
                {
                    "broker": broker,
                    "symbol": symbol,
                    "format": "lean",
                    "utc_offset": offset,
                    "paths": [f"{folder}/{source}/{symbol.lower()}/*.zip"],
                    "simulate": simulate,
                }
                for symbol in SYMBOLS
            ]
        return {"entries": entries}


@dataclass(frozen=True, slots=True)
class Found:
    """What a drill's stack has stored: rows of sla_events and gaps."""

    events: Sequence[Mapping[str, Any]]
    gaps: Sequence[Mapping[str, Any]]

    @property
    def is_open(self) -> bool:
        """Something is under way."""
        last = {row["incident"]: row["kind"] for row in self.events if row["kind"] not in ("BREACH", "RECOVERY")}
        broken = {row["incident"] for row in self.events if row["kind"] == "BREACH"}
        kept = {row["incident"] for row in self.events if row["kind"] == "RECOVERY"}
        pending = [row for row in self.gaps if row["state"] in ("suspected", "confirmed", "filling")]
        return bool(broken - kept or pending) or any(kind not in ENDS for kind in last.values())

    def remedies(self) -> dict[str, set[tuple[str, str]]]:
        """By "tier objective": each action and how it ended."""
        found: dict[str, set[tuple[str, str]]] = {}
        for row in self.events:
            if row["kind"] in ENDS:
                found.setdefault(f"{row['tier']} {row['objective']}", set()).add((row["action"], row["kind"]))
        return found


def problems(drill: Drill, found: Found) -> Iterator[str]:
    """What was to be found and was not, and what was found beside."""
    remedies = found.remedies()
    for key, (action, end) in drill.remedies.items():
        wanted = {(action, end)}
        if key in remedies and {ended for _, ended in remedies[key]} == {end}:
            continue
        yield f"{key}: was to end as {_told(wanted)}, ended as {_told(remedies.get(key, set()))}"
    for key in sorted(remedies.keys() - drill.remedies.keys()):
        yield f"{key}: was not to be touched, ended as {_told(remedies[key])}"
    broken = {f"{row['tier']} {row['objective']}" for row in found.events if row["kind"] == "BREACH"}
    yield from (f"{key}: was broken, and was not to be" for key in sorted(broken - drill.remedies.keys()))
    alerts = {row["incident"] for row in found.events if row["kind"] == "ALERT"}
    yield from (f"{incident}: an alert that was not to be" for incident in sorted(alerts))
    for row in found.events:
        if row["times"] > 1:
            yield f"{row['kind'].lower()} of {row['incident']}: was told {row['times']} times"
    states: dict[str, set[str]] = {}
    for row in found.gaps:
        states.setdefault(row["cause"], set()).add(row["state"])
    for cause in sorted({*states, *drill.gaps}):
        wanted_states, there = {drill.gaps[cause]} if cause in drill.gaps else set(), states.get(cause, set())
        if wanted_states != there:
            yield f"gaps by {cause}: were to be {_words(wanted_states)}, are {_words(there)}"


def _told(ends: Iterable[tuple[str, str]]) -> str:
    return _words(f"{action} {end}" for action, end in ends)


def _words(words: Iterable[str]) -> str:
    return ", ".join(sorted(words)) or "nothing"

"""Incidents: when a promise begins to be broken and when that is over, and how fast a budget burns. Pure.

One breach is one incident with a beginning and an end. Time (uptime, redundancy): it begins with a bad slice and ends
when a minute has been good. Occurrences (latency, completeness): it begins and ends with what the last minute came to.
An alert is an incident, too: it begins and ends with the burn rates of its two windows.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from fractions import Fraction
from typing import Final

from analytics.sla.slices import SHARES, Judged
from tierfeed.domain.objectives import ALERTS, MILLION, Alert, Objective

MINUTE_S: Final = 60
LEAST_EVENTS: Final = 100
"""A share of fewer says nothing."""


class EventKind(IntEnum):
    """What an `SlaEvent` says. Order is that of the Avro enum."""

    BREACH = 0
    RECOVERY = 1
    ALERT = 2
    ALERT_END = 3
    DETECTED = 4
    """From here on, of remedies (remedies.py)."""
    GUARDED = 5
    ACTING = 6
    VERIFYING = 7
    RESOLVED = 8
    REVERTED = 9
    ESCALATED = 10


BEGINS: Final = (EventKind.BREACH, EventKind.ALERT)
REMEDIES: Final = frozenset(EventKind) - {*BEGINS, EventKind.RECOVERY, EventKind.ALERT_END}


@dataclass(frozen=True, slots=True)
class Subject:
    """Who is promised something: a tier, or a tenant that has bought fewer symbols than its tier has."""

    name: str
    tier: str
    symbols: frozenset[str] | None = None
    """Of a tenant; None: the tier itself."""


@dataclass(frozen=True, slots=True)
class Event:
    """A step of an incident, told once: `identity` is the same whoever works it out, and how often.

    Times are whole seconds since 1970 of the sessions' clock. `good` of `total`: what it was judged by; of a recovery,
    what the incident came to. `window_s`: of an alert, its long window.
    """

    kind: EventKind
    subject: Subject
    objective: Objective
    began: int
    time: int
    good: int
    total: int
    target_ppm: int
    causes: tuple[str, ...] = ()
    window_s: int | None = None
    symbol: str | None = None
    """Of a remedy, this and what follows; `command` is the id of one."""
    action: str | None = None
    command: str | None = None
    detail: str | None = None

    @property
    def incident(self) -> str:
        of_symbol = "" if self.symbol is None else f"/{self.symbol}"
        window = "" if self.window_s is None else f"/burn-{self.window_s // 3600}h"
        began = datetime.fromtimestamp(self.began, UTC).strftime("%Y%m%dT%H%M%SZ")
        return f"{self.subject.name}/{self.objective}{of_symbol}{window}/{began}"

    @property
    def identity(self) -> str:
        command = "" if self.command is None else f"/{self.command.removeprefix(self.incident + '/')}"
        return f"{self.incident}/{self.kind.name.lower()}{command}"


class Breaches:
    """The breaches of one objective of one subject. Give it every scheduled slice, in order."""

    def __init__(self, subject: Subject, objective: Objective, target_ppm: int, slice_s: int) -> None:
        self._subject, self._objective, self._target_ppm = subject, objective, target_ppm
        self._minute: deque[Judged] = deque(maxlen=max(MINUTE_S // slice_s, 1))
        self.began: int | None = None
        self._until = 0
        self._good = self._total = 0
        self._causes: set[str] = set()

    def resume(self, began: int | None, until: int) -> None:
        """What an earlier judge has told last, of a slice that ended at `until`: up to there nothing is told again.

        What an incident came to by then is not known any more.
        """
        self.began, self._until = began, until

    def remember(self, judged: Judged) -> None:
        """A slice that an earlier judge has told of."""
        self._minute.append(judged)

    def hear(self, start: int, end: int, judged: Judged) -> Event | None:
        """A slice; the step of an incident that comes of it."""
        self._minute.append(judged)
        if end <= self._until:
            return None
        if self.began is not None:
            self._good, self._total = self._good + judged.good, self._total + judged.total
            self._causes.update(judged.causes)
        good = sum(each.good for each in self._minute)
        total = sum(each.total for each in self._minute)
        broken = self._is_broken(judged, good, total)
        if broken is None or broken == (self.began is not None):
            return None
        if broken:
            first = start if self._objective not in SHARES else end - min(MINUTE_S, len(self._minute) * (end - start))
            self.began, self._good, self._total, self._causes = first, judged.good, judged.total, set(judged.causes)
            return self._event(EventKind.BREACH, first, end, good, total)
        assert self.began is not None
        began, self.began = self.began, None
        return self._event(EventKind.RECOVERY, began, end, self._good, self._total)

    def _is_broken(self, newest: Judged, good: int, total: int) -> bool | None:
        """None: what there is says nothing new."""
        if self._objective in SHARES:
            if total < LEAST_EVENTS:
                return None
            return good * MILLION < self._target_ppm * total
        if newest.bad:
            return True
        is_calm = len(self._minute) == self._minute.maxlen and good == total
        return False if is_calm else None

    def _event(self, kind: EventKind, began: int, time: int, good: int, total: int) -> Event:
        return Event(
            kind,
            self._subject,
            self._objective,
            began,
            time,
            good,
            total,
            self._target_ppm,
            tuple(sorted(self._causes)),
        )


class Burn:
    """How fast the budget of one objective of one subject burns. Give it every scheduled minute, in order."""

    def __init__(self, subject: Subject, objective: Objective, target_ppm: int, alerts: Sequence[Alert] = ()) -> None:
        self._subject, self._objective, self.target_ppm = subject, objective, target_ppm
        self.alerts = tuple(alerts)
        longest = max(window_s for _, window_s in ALERTS) // MINUTE_S
        self._sums: deque[tuple[int, int]] = deque([(0, 0)], maxlen=longest + 1)
        self.began: dict[int, int] = {}
        """By long window, since when an alert is on."""
        self._until: dict[int, int] = {}

    def resume(self, window_s: int, began: int | None, until: int) -> None:
        """As of breaches, for one window."""
        self._until[window_s] = until
        if began is not None:
            self.began[window_s] = began

    def remember(self, good: int, total: int) -> None:
        """A scheduled minute that an earlier judge has told of."""
        was_bad, was_total = self._sums[-1]
        self._sums.append((was_bad + total - good, was_total + total))

    def hear(self, end: int, good: int, total: int) -> Iterator[Event]:
        """The scheduled minute that ends at `end`."""
        self.remember(good, total)
        for alert in self.alerts:
            bad, events = self._over(alert.window_s)
            burns = (
                events >= LEAST_EVENTS
                and self._burns(bad, events, alert.factor)
                and self._burns(*self._over(alert.short_window_s), alert.factor)
            )
            began = self.began.get(alert.window_s)
            if burns == (began is not None) or end <= self._until.get(alert.window_s, 0):
                continue
            if began is None:
                self.began[alert.window_s] = end
                yield self._event(EventKind.ALERT, end, end, bad, events, alert)
            else:
                del self.began[alert.window_s]
                yield self._event(EventKind.ALERT_END, began, end, bad, events, alert)

    def rate(self, window_s: int) -> Fraction | None:
        """How many times as fast as it lasts the budget burns, over the last so many scheduled seconds."""
        bad, events = self._over(window_s)
        return None if events == 0 else burn_rate(bad, events, self.target_ppm)

    def _over(self, window_s: int) -> tuple[int, int]:
        """(bad, all) of the newest scheduled seconds."""
        at = max(len(self._sums) - 1 - window_s // MINUTE_S, 0)
        return self._sums[-1][0] - self._sums[at][0], self._sums[-1][1] - self._sums[at][1]

    def _burns(self, bad: int, events: int, factor: Fraction) -> bool:
        return events > 0 and bad > 0 and burn_rate(bad, events, self.target_ppm) >= factor

    def _event(self, kind: EventKind, began: int, time: int, bad: int, events: int, alert: Alert) -> Event:
        return Event(
            kind,
            self._subject,
            self._objective,
            began,
            time,
            events - bad,
            events,
            self.target_ppm,
            (),
            alert.window_s,
        )


def burn_rate(bad: int, events: int, target_ppm: int) -> Fraction:
    """The share that was bad, over the share that may be. Where nothing may be, anything bad is without bound."""
    allowed = MILLION - target_ppm
    return Fraction(bad * MILLION, events * allowed) if allowed else Fraction(bad * 10**9)

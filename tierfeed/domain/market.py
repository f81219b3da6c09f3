"""When the market is scheduled to be open: only such time counts for what a tier promises (SEMANTICS 5)."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, Self
from zoneinfo import ZoneInfo

from tierfeed.domain.spans import Span, Spans, difference, intersection, total, union
from tierfeed.domain.yamls import Document
from tierfeed.errors import ConfigError

ZONE: Final = ZoneInfo("America/New_York")
SUNDAY: Final = 6
CLOSE: Final = time(17)
"""The FX day, and the week, end at five in the afternoon in New York, winter and summer."""
NOTICE: Final = timedelta(hours=72)
MAINTENANCE_S: Final = 4 * 3600
"""So much of a calendar month may be announced as maintenance; what goes beyond counts."""
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Maintenance:
    """A time in which service is not promised, if it was announced 72 hours before."""

    announced: datetime
    start: datetime
    end: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Calendar:
    """The FX week, less its exceptions; or every hour of it, `always`.

    `holidays`: month and day on which no FX day ends. `rollover_s`: how long each broker pauses when a day ends.
    """

    holidays: frozenset[tuple[int, int]] = frozenset()
    rollover_s: Mapping[str, int] = field(default_factory=dict)
    maintenance: tuple[Maintenance, ...] = ()
    always: bool = False

    def open(self, start: datetime, end: datetime) -> Spans:
        """When the market trades within [start, end)."""
        if self.always:
            return (_span(start, end),)
        weeks = ((_closing(sunday), _closing(sunday + 5 * _DAY)) for sunday in _days(start, end, SUNDAY))
        closed = (
            (_closing(day - _DAY), _closing(day)) for day in _days(start, end) if (day.month, day.day) in self.holidays
        )
        return difference(intersection((_span(start, end),), union(weeks)), union(closed))

    def scheduled(self, start: datetime, end: datetime, brokers: Sequence[str]) -> Spans:
        """When a tier of these brokers is promised: less the pauses that all of them make, and maintenance."""
        pause_s = min((self.rollover_s.get(broker, 0) for broker in brokers), default=0)
        ends = [_closing(day) for day in _days(start, end) if day.weekday() != SUNDAY]  # the week begins without
        pauses = ((day_end, day_end + pause_s) for day_end in ends)
        return difference(self.open(start, end), union((*pauses, *self._excused(start, end))))

    def with_maintenance(self, more: Iterable[Maintenance]) -> Self:
        """One with more maintenance, which counts by the same rules."""
        return replace(self, maintenance=(*self.maintenance, *more))

    def announced_s(self, start: datetime, end: datetime) -> int:
        """How long the market trades within [start, end) while maintenance was announced in time; all of it."""
        return total(self._announced(start, end))

    def _announced(self, start: datetime, end: datetime) -> Spans:
        in_time = [each for each in self.maintenance if each.start - each.announced >= NOTICE]
        return intersection(union(_span(each.start, each.end) for each in in_time), self.open(start, end))

    def _excused(self, start: datetime, end: datetime) -> Iterator[Span]:
        """Announced maintenance, in each calendar month no more than `MAINTENANCE_S` of open time."""
        for first, after in _months(start, end):
            left = MAINTENANCE_S
            for begin, until in self._announced(first, after):
                yield begin, min(until, begin + left)
                left -= min(until - begin, left)


def month_of(text: str) -> tuple[datetime, datetime]:
    """The first moment of a month such as 2026-11, and of the next. Raises ConfigError."""
    try:
        first = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC)
    except ValueError:
        raise ConfigError(f"must be a month such as 2026-11, was {text!r}") from None
    return first, _next_month(first)


def parse_calendar(document: Document) -> Calendar:
    """Check a market document whole; every problem is told at once, with its line. Raises ConfigError."""
    value = {} if document.value is None else document.value
    if not isinstance(value, dict):
        raise ConfigError(f"{document.where()}: must map keys to values, was {value!r:.200}")
    problems = [*document.problems(), *_problems(document, value)]
    if problems:
        raise ConfigError(problems)
    return Calendar(
        holidays=frozenset(_month_and_day(day) for day in value.get("holidays") or ()),
        rollover_s={broker: round(minutes * 60) for broker, minutes in (value.get("rollover_minutes") or {}).items()},
        maintenance=tuple(
            Maintenance(_utc(each["announced"]), _utc(each["from"]), _utc(each["to"]), str(each.get("reason") or ""))
            for each in value.get("maintenance") or ()
        ),
        always=value.get("always") is True,
    )


_Found = Iterator[tuple[str | int, str]]


def _holiday_problems(days: Sequence[Any]) -> _Found:
    for at, day in enumerate(days):
        if not _is_month_and_day(day):
            yield at, f'must be a month and day such as "12-25", was {day!r}'


def _rollover_problems(minutes_of: Mapping[Any, Any]) -> _Found:
    for broker, minutes in minutes_of.items():
        if type(minutes) not in (int, float) or not 0 <= minutes <= 60:
            yield broker, f"{broker} must pause 0 to 60 minutes, was {minutes!r}"


def _maintenance_problems(entries: Sequence[Any]) -> _Found:
    for at, each in enumerate(entries):
        if not isinstance(each, dict):
            yield at, f"must have {', '.join(_MAINTENANCE_KEYS)}, was {each!r}"
            continue
        unknown = [key for key in each if key not in _MAINTENANCE_KEYS]
        yield from ((at, f"{key} is not known; there are {', '.join(_MAINTENANCE_KEYS)}") for key in unknown)
        wrong = [key for key in _MAINTENANCE_KEYS[:3] if not isinstance(each.get(key), datetime)]
        for key in wrong:
            yield at, f"{key} must be a time such as 2026-11-07T22:00:00Z, was {each.get(key)!r}"
        if not wrong and not _utc(each["from"]) < _utc(each["to"]):
            yield at, f"to must be after from ({each['from']}), was {each['to']}"


_MAINTENANCE_KEYS: Final = ("announced", "from", "to", "reason")
_KEYS: Final[Mapping[str, tuple[type, str, Callable[[Any], _Found]]]] = {
    "holidays": (list, "a list of days", _holiday_problems),
    "rollover_minutes": (dict, "brokers and their minutes", _rollover_problems),
    "maintenance": (list, "a list", _maintenance_problems),
    "always": (bool, "true or false", lambda _: iter(())),
}


def _problems(document: Document, value: Mapping[str, Any]) -> Iterator[str]:
    for key, given in value.items():
        if key not in _KEYS:
            yield f"{document.where(key)}: {key} is not known; there are {', '.join(_KEYS)}"
            continue
        kind, called, problems = _KEYS[key]
        if not isinstance(given, kind | None):
            yield f"{document.where(key)}: {key} must be {called}, was {given!r}"
            continue
        yield from (f"{document.where(key, at)}: {key}: {told}" for at, told in problems(given or kind()))


def _is_month_and_day(day: Any) -> bool:
    try:
        return isinstance(day, str) and bool(_month_and_day(day))
    except ValueError:
        return False


def _month_and_day(day: str) -> tuple[int, int]:
    found = date.fromisoformat(f"2000-{day}")
    return found.month, found.day


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _closing(day: date) -> int:
    """When an FX day ends."""
    return int(datetime.combine(day, CLOSE, ZONE).timestamp())


def _days(start: datetime, end: datetime, weekday: int | None = None) -> Iterator[date]:
    """Days in New York, from a week before the first to the last of [start, end)."""
    day, last = start.astimezone(ZONE).date() - 7 * _DAY, end.astimezone(ZONE).date() + _DAY
    while day <= last:
        if weekday is None or day.weekday() == weekday:
            yield day
        day += _DAY


def _months(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    first = start.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while first < end:
        after = _next_month(first)
        yield first, after
        first = after


def _next_month(first: datetime) -> datetime:
    return (first + 32 * _DAY).replace(day=1)


def _span(start: datetime, end: datetime) -> Span:
    return int(start.timestamp()), int(end.timestamp())

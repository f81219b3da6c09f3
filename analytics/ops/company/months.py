"""Months and days. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Self

from analytics.ops.rules import next_month
from tierfeed.domain.market import month_of

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Window:
    """The months that are told of: [start, end), both the first day of a month."""

    start: date
    end: date

    @classmethod
    def of(cls, until: str, months: int) -> Self:
        """So many months, of which `until` is the last. Raises ConfigError."""
        start = month_of(until)[0].date()
        end = next_month(start)
        for _ in range(months - 1):
            start = (start - DAY).replace(day=1)
        return cls(start, end)

    @property
    def days(self) -> int:
        return (self.end - self.start).days

    def months(self) -> Iterator[date]:
        first = self.start
        while first < self.end:
            yield first
            first = next_month(first)


def before(month: str) -> str:
    """The month before one such as 2026-11. Raises ConfigError."""
    return f"{month_of(month)[0].date() - DAY:%Y-%m}"


def at(day: date, minute: int) -> datetime:
    """A minute of a day, UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=minute)

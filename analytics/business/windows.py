"""The days and hours that figures about tenants are counted in: whole days in UTC, and the market's. Pure."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from tierfeed.domain.market import Calendar

HOUR_S: Final = 3600
TRADING_HOURS: Final = 12
"""A day has trading where the market is open for so many of its hours: Monday to Friday, less holidays."""
THIRTY: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Window:
    """[start, end) in whole days. `as_of`: what is known of customers and tiers before it."""

    start: date
    end: date
    as_of: date

    @property
    def begin(self) -> datetime:
        return midnight(self.start)

    @property
    def until(self) -> datetime:
        return midnight(self.end)

    def asked(self, tenant: str = "") -> dict[str, Any]:
        """As parameters of a question."""
        return {"tenant": tenant, "from": self.start, "to": self.end, "as_of": self.as_of}

    def __str__(self) -> str:
        return f"{self.start} to {self.end}"


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def market_hours(calendar: Calendar, start: datetime, end: datetime) -> dict[date, int]:
    """Of each day: bit n is set where the market trades in hour n, UTC."""
    found: dict[date, int] = {}
    for begin, until in calendar.open(start, end):
        for second in range(begin // HOUR_S * HOUR_S, until, HOUR_S):
            hour = datetime.fromtimestamp(second, UTC)
            found[hour.date()] = found.get(hour.date(), 0) | 1 << hour.hour
    return found


def trading_days(calendar: Calendar, start: date, end: date) -> list[date]:
    hours = market_hours(calendar, midnight(start), midnight(end))
    return [day for day, mask in sorted(hours.items()) if mask.bit_count() >= TRADING_HOURS]

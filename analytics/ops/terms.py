"""What the stored contracts and announcements change for promises: when they hold, and which brokers are one."""

from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Self

from analytics.ops.store import Operations
from tierfeed.domain.market import Calendar
from tierfeed.settings import Settings


@dataclass(frozen=True, slots=True)
class Terms:
    """`calendar`: the market file's, with the maintenance that was imported.

    `upstreams`: brokers that resell one feed, by its name: by the contracts in force, and above them by the setting
    broker_upstreams.
    """

    calendar: Calendar
    upstreams: dict[str, str]

    @classmethod
    def of(cls, settings: Settings, day: date) -> Self:
        """As of a day. Raises ConfigError where the market file is wrong, UpstreamError."""
        calendar = settings.calendar()
        with closing(Operations(settings.clickhouse)) as operations:
            return cls(
                calendar.with_maintenance(operations.announced()),
                operations.upstreams(day) | settings.broker_upstreams,
            )


def calendar_now(settings: Settings) -> Calendar:
    """When promises hold, by what is known now. Raises ConfigError where the market file is wrong, UpstreamError."""
    return Terms.of(settings, datetime.now(UTC).date()).calendar

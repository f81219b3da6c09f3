"""Which tiers are promised, and which brokers pause, at any moment of a span. Pure."""

from bisect import bisect_right
from collections.abc import Iterable
from datetime import UTC, datetime

from tierfeed.domain.market import Calendar
from tierfeed.domain.spans import Spans
from tierfeed.domain.tiers import Tier


class Schedule:
    """Of [start, end), whole seconds since 1970."""

    def __init__(self, calendar: Calendar, tiers: Iterable[Tier], start: int, end: int) -> None:
        tiers = tuple(tiers)
        brokers = {broker for tier in tiers for broker in tier.brokers}
        begin, until = datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC)
        self._tiers = {tier.name: calendar.scheduled(begin, until, tier.brokers) for tier in tiers}
        self._brokers = {broker: calendar.scheduled(begin, until, (broker,)) for broker in brokers}

    def tiers_at(self, start: int, length_s: int) -> frozenset[str]:
        """Those whose promise holds for the whole of it."""
        return frozenset(name for name, spans in self._tiers.items() if _covers(spans, start, length_s))

    def paused_at(self, second: int) -> frozenset[str]:
        """Brokers that are not expected to tick."""
        return frozenset(name for name, spans in self._brokers.items() if not _covers(spans, second, 1))


def _covers(spans: Spans, start: int, length_s: int) -> bool:
    at = bisect_right(spans, (start, 2**62)) - 1
    return at >= 0 and start + length_s <= spans[at][1]

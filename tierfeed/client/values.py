"""What a consumer yields: quotes, and what a tier's topic says or proves about them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeAlias

from tierfeed.domain.words import GapCause, QuoteState

CAUSES: Final = frozenset(GapCause)


@dataclass(frozen=True, slots=True)
class Quote:
    """One released composite. What every tier has is typed here; `fields` has all of this tier's record."""

    fields: Mapping[str, Any]
    partition: int
    offset: int
    is_snapshot: bool = False
    """Of `tier.<tier>.latest`, read at the start: the last value, not news. `offset` is there, too."""

    @property
    def symbol(self) -> str:
        return str(self.fields["symbol"])

    @property
    def bid(self) -> float | None:
        """None where no eligible broker bids."""
        bid: float | None = self.fields["bid"]
        return bid

    @property
    def ask(self) -> float | None:
        """None where no eligible broker offers."""
        ask: float | None = self.fields["ask"]
        return ask

    @property
    def mid(self) -> float | None:
        mid: float | None = self.fields["mid"]
        return mid

    @property
    def state(self) -> QuoteState:
        return QuoteState[self.fields["state"]]

    @property
    def event_time(self) -> datetime | None:
        """The broker's clock on the newest tick in it."""
        time: datetime | None = self.fields["event_time"]
        return time

    @property
    def received_time(self) -> datetime | None:
        """The collector's clock on the newest tick in it."""
        time: datetime | None = self.fields["received_time"]
        return time

    @property
    def as_of_time(self) -> datetime:
        """The tick or timer that caused it; never goes back per symbol."""
        time: datetime = self.fields["as_of_time"]
        return time

    @property
    def due_time(self) -> datetime:
        """The earliest release that the tier's interval permits."""
        time: datetime = self.fields["due_time"]
        return time

    @property
    def published_time(self) -> datetime:
        time: datetime = self.fields["published_time"]
        return time

    @property
    def conflated_count(self) -> int:
        """How many updates were replaced by this one before they were published."""
        return int(self.fields["conflated_count"])

    @property
    def upto_sequence(self) -> int:
        """Updates are numbered per symbol; this one covers all up to here."""
        return int(self.fields["upto_sequence"])

    @property
    def epoch(self) -> int:
        return int(self.fields["epoch"])

    @property
    def sources(self) -> Mapping[str, int]:
        """Offsets covered, per broker topic, in the quote's partition."""
        return {source["broker"]: source["offset"] for source in self.fields["sources"]}


@dataclass(frozen=True, slots=True)
class Gap:
    """Proof that updates are missing: these numbers of the symbol, both included, were published and did not come."""

    symbol: str
    from_sequence: int
    to_sequence: int


@dataclass(frozen=True, slots=True)
class GapNotice:
    """The publisher itself says that ticks of one of the tier's brokers are missing; of no symbol: of all on the
    partition. `Gap`, by contrast, is of this reader's own. After a takeover the same notice may come again.
    """

    symbol: str | None
    time: datetime
    """When it was known, in the sessions' clock."""
    reason: str | None
    from_time: datetime | None = None
    to_time: datetime | None = None
    """Not itself within the gap. Like `from_time` None where the record does not say it."""

    @property
    def cause(self) -> GapCause | None:
        """None where it is none that this version knows."""
        return GapCause(self.reason) if self.reason in CAUSES else None


@dataclass(frozen=True, slots=True)
class Stale:
    """No side of the symbol is left; the quote before this said so."""

    symbol: str
    time: datetime
    reason: str | None


@dataclass(frozen=True, slots=True)
class Fresh:
    """The symbol is quoted again, by the quote behind this."""

    symbol: str
    time: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """A worker's incarnation begins on a partition, or ends there and needs not be waited for."""

    epoch: int
    is_open: bool
    time: datetime
    partition: int


Update: TypeAlias = Quote | Gap | GapNotice | Stale | Fresh | Session


@dataclass(slots=True)
class Stats:
    """What a consumer has counted since it began."""

    quotes: int = 0
    """Yielded, snapshots among them."""
    conflated: int = 0
    """Updates that the quotes say were replaced by them."""
    gaps: int = 0
    missing: int = 0
    """Updates that the gaps prove missing."""
    repeated: int = 0
    """Quotes that say nothing which was not said before: left out."""
    stale_epoch: int = 0
    """Records of an older epoch behind a newer one: left out. Expected 0."""
    unknown: int = 0
    """Records of no known schema or kind: left out."""
    bytes: int = field(default=0)
    """Keys and values of all records read."""

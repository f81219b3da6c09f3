"""What comes in: the records of one partition number of the broker topics.

Offsets rise within a broker. Times are microseconds of the sessions' clock.
"""

from dataclasses import dataclass
from typing import NamedTuple

from tierfeed.domain.words import SessionKind


class Stream(NamedTuple):
    """One session of one line of a broker. Streams compare by who leads: the lower line, then the earlier session."""

    line: int
    session: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TickEvent:
    """A decoded `Tick`. `broker` is the topic's; prices may still be anything a double can be."""

    broker: str
    offset: int
    symbol: str
    bid: float
    ask: float
    bid_size: float | None = None
    ask_size: float | None = None
    event_time: int | None = None
    received_time: int
    line: int = 0
    session: int = 1
    sequence: int
    flags: int = 0

    @property
    def stream(self) -> Stream:
        return Stream(self.line, self.session)

    @property
    def time_us(self) -> int:
        return self.received_time

    @property
    def two_sided(self) -> bool:
        return self.bid > 0 and self.ask > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEvent:
    """A `SessionRecord`: start, heartbeat or end of one stream."""

    broker: str
    offset: int
    kind: SessionKind
    line: int = 0
    session: int = 1
    time: int

    @property
    def stream(self) -> Stream:
        return Stream(self.line, self.session)

    @property
    def time_us(self) -> int:
        return self.time


@dataclass(frozen=True, slots=True, kw_only=True)
class UndecodableEvent:
    """Bytes no schema explains. They have no time and no stream: no sign of life, only a dead letter."""

    broker: str
    offset: int
    reason: str


Event = TickEvent | SessionEvent | UndecodableEvent

"""Align: the brokers' partitions, merged into the one order in which they are applied.

The *effective time* of a record is the greatest time its partition has shown so far; the order is by (effective time,
rank of the broker by name). A record may go when no partition can still bring one that belongs before it: an empty
partition that has been read up to time w may yet bring a record of time w, but none earlier.
"""

import math
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from streams.kernels.plain.events import Event, SessionEvent, Stream, UndecodableEvent
from tierfeed.domain.words import SessionKind

Moment = float
"""Microseconds, or an infinity."""


@dataclass(slots=True)
class Mark:
    """How far one broker's partition has been read, and which of its streams have not ended."""

    effective_us: Moment = -math.inf
    open: set[Stream] = field(default_factory=set)

    def see(self, event: Event) -> Moment:
        """Take note of the partition's next record; its effective time."""
        if isinstance(event, UndecodableEvent):
            return self.effective_us
        if isinstance(event, SessionEvent) and event.kind is SessionKind.SESSION_END:
            self.open.discard(event.stream)
        else:
            self.open.add(event.stream)
        self.effective_us = max(self.effective_us, event.time_us)
        return self.effective_us

    def bound(self, *, at_end: bool) -> Moment:
        """No record still to come is earlier: +inf where nothing waits and no stream is open, -inf where never read."""
        return math.inf if at_end and not self.open else self.effective_us


@dataclass(slots=True)
class _Fifo:
    mark: Mark = field(default_factory=Mark)
    waiting: deque[tuple[Moment, Event]] = field(default_factory=deque)
    at_end: bool = False

    def earliest(self) -> Moment:
        return self.waiting[0][0] if self.waiting else self.mark.bound(at_end=self.at_end)


class Align:
    """Merge what has been read so far, as far as it is certain. How the input is cut into batches changes nothing."""

    def __init__(self, brokers: Iterable[str]) -> None:
        self._fifos = {broker: _Fifo() for broker in sorted(brokers)}

    def push(self, broker: str, events: Iterable[Event], *, at_end: bool = False) -> None:
        """Append a batch of the broker's partition; `at_end` when nothing more waited there as it was fetched."""
        fifo = self._fifos[broker]
        fifo.waiting.extend((fifo.mark.see(event), event) for event in events)
        fifo.at_end = at_end

    def release(self) -> Iterator[Event]:
        """The records whose turn has come."""
        while self._fifos:
            # The earliest possible next record of each broker; if the first of them is not here yet, all wait.
            _, _, fifo = min((fifo.earliest(), rank, fifo) for rank, fifo in enumerate(self._fifos.values()))
            if not fifo.waiting:
                return
            yield fifo.waiting.popleft()[1]

    def safe_us(self) -> Moment:
        """Timers due by now may fire: every record still to be released is of this time or later."""
        return min((fifo.earliest() for fifo in self._fifos.values()), default=math.inf)


def in_order(events_by_broker: Mapping[str, Sequence[Event]]) -> list[Event]:
    """The whole input in the reference order: what `Align` must come to."""
    keyed = []
    for rank, broker in enumerate(sorted(events_by_broker)):
        mark = Mark()
        keyed += [(mark.see(event), rank, event) for event in events_by_broker[broker]]
    return [event for _, _, event in sorted(keyed, key=lambda entry: entry[:2])]

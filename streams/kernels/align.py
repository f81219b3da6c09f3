"""Align: merge the brokers' partitions of one shard by time. Twin: `plain/align.py`.

Behind, or on tape time, an event is handed on once no broker can still deliver one that comes before it, so that
catching up gives what would have come live. Each broker's partition is first in, first out; its clock never goes back.
"""

from collections import deque
from typing import Literal

import numpy as np

from streams.kernels.compiled import kernel
from streams.kernels.state import END, NEVER, NO_STREAM, Records

FOREVER = 2**62
"""The watermark of a broker that owes nothing: at its end, with no open session."""


class Lane:
    """One broker's partition: what is held of it, and how far its clock has come."""

    __slots__ = ("at_end", "awaited", "chunks", "excused", "held", "open_streams", "read", "time")

    def __init__(self) -> None:
        self.chunks: deque[Records] = deque()
        self.held = 0
        self.time = int(NEVER)
        self.open_streams: set[int] = set()
        self.at_end = False
        self.read = False
        self.awaited = False
        """Owed a session although it never had one: on tape time all brokers begin together."""
        self.excused = False
        """Told not to wait for this broker: it has been silent for too long."""

    def add(self, events: Records, *, may_end: bool = True) -> bool:
        """Append events in offset order; `events.time` is made a running maximum in place.

        `may_end`: whether there are session records among them. Returns whether there were, or a stream is new.
        """
        times, n = events["time"], len(events)
        if n > 1:
            np.maximum.accumulate(times, out=times)
        if times[0] < self.time:
            np.maximum(times, self.time, out=times)
        self.time = int(times[-1])
        self.read = True
        self.excused = False
        self.chunks.append(events)
        self.held += n
        return self._follow_sessions(events, may_end)

    def _follow_sessions(self, events: Records, may_end: bool) -> bool:
        streams, known = self.open_streams, len(self.open_streams)
        if may_end and (ends := events["kind"] == END).any():
            named = events["stream"] != NO_STREAM
            for stream, ended in zip(events["stream"][named].tolist(), ends[named].tolist(), strict=True):
                (streams.discard if ended else streams.add)(stream)
        else:
            streams.update(events["stream"].tolist())
            streams.discard(NO_STREAM)
        return may_end or len(streams) != known

    def watermark(self) -> int:
        """No event before this can still come."""
        if self.excused or (self.at_end and not self.open_streams and (self.read or not self.awaited)):
            return FOREVER
        return self.time

    def take(self, time: int, with_equal: bool) -> list[Records]:
        """Remove and return the events before `time`, or up to and with it."""
        side: Literal["left", "right"] = "right" if with_equal else "left"
        taken = []
        while self.chunks:
            chunk = self.chunks[0]
            if chunk["time"][0] > time:
                break
            cut = int(np.searchsorted(chunk["time"], time, side=side))
            if cut == len(chunk):
                taken.append(self.chunks.popleft())
                continue
            if cut:
                taken.append(chunk[:cut])
                self.chunks[0] = chunk[cut:]
            break
        self.held -= sum(len(events) for events in taken)
        return taken

    def take_all(self) -> list[Records]:
        """Remove and return all events."""
        taken = list(self.chunks)
        self.chunks.clear()
        self.held = 0
        return taken


class Aligner:
    """The brokers of one shard, in the order of their indices."""

    def __init__(self, brokers: int) -> None:
        self.lanes = [Lane() for _ in range(brokers)]

    @property
    def held(self) -> int:
        return sum(lane.held for lane in self.lanes)

    def safe(self) -> tuple[int, int]:
        """(time, broker): events up to and with this point of the merge order may be applied."""
        return min((lane.watermark(), b) for b, lane in enumerate(self.lanes))

    def blocking(self) -> int:
        """The broker that all the others wait for."""
        return self.safe()[1]

    def take(self) -> tuple[Records | None, int]:
        """The next events in merge order, and the time up to which timers may fire (`FOREVER`: all)."""
        time, last_broker = self.safe()
        if not self.held:
            return None, time
        return merged([lane.take(time, b <= last_broker) for b, lane in enumerate(self.lanes)]), time

    def take_all(self) -> Records | None:
        """Everything held, in merge order, whatever may still come: on going live."""
        return merged([lane.take_all() for lane in self.lanes])


def merged(taken: list[list[Records]]) -> Records | None:
    """The pieces of each broker as one array: by time, then by broker; a broker's own order is kept."""
    pieces = [events for of_broker in taken for events in of_broker]
    if len(pieces) <= 1:
        return pieces[0] if pieces else None
    joined = np.concatenate(pieces)
    runs = [sum(map(len, of_broker)) for of_broker in taken if of_broker]
    if len(runs) == 1:
        return joined
    ends = np.cumsum(runs, dtype=np.int64)
    ordered = np.empty_like(joined)
    _merge(joined, ends - np.array(runs, dtype=np.int64), ends, ordered)
    return ordered


@kernel
def _merge(joined, heads, ends, ordered):
    """Merge the runs of `joined`, each in order, that begin at `heads` and end before `ends`; of equals the first."""
    for i in range(ordered.shape[0]):
        earliest = -1
        for run in range(heads.shape[0]):
            if heads[run] < ends[run] and (earliest < 0 or joined[heads[run]].time < joined[heads[earliest]].time):
                earliest = run
        ordered[i] = joined[heads[earliest]]
        heads[earliest] += 1

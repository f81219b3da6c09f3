"""The port: what a collector is, whichever feed stands behind it.

A collector turns one broker's sessions into batches in the order of `received_time`. Line, session and sequence are
stamped by it; the runner adds nothing and leaves nothing out. A live adapter (FIX) connects in `announce` and raises
SessionLostError when it cannot, or when `batches` loses the session: the runner announces again, which begins new
sessions. A replay's sequence of records is a pure function of its tape (`resumable`), so one that is restarted goes on
behind what its topic already holds.

A collector may have lines that are not open, and a history of what its broker has sent: both are asked for by commands
(collectors/orders.py).
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Protocol, Self, runtime_checkable

import numpy as np
import numpy.typing as npt

from tierfeed.domain.words import Feed, Flag, Line, SessionKind
from tierfeed.errors import UpstreamError


class SessionLostError(UpstreamError):
    """The broker's session is gone, or could not be opened. The runner tries again, as new sessions."""


Longs = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Stream = tuple[int, int]
"""(line, session)."""


@dataclass(frozen=True, slots=True)
class Ticks:
    """Ticks of one broker as columns. `symbol` holds positions in `symbols`.

    Sizes are NaN where there is none; `event_us` means nothing where `timed` is False.
    """

    symbols: tuple[str, ...]
    symbol: Longs
    received_us: Longs
    event_us: Longs
    timed: Bools
    bid: Doubles
    ask: Doubles
    bid_size: Doubles
    ask_size: Doubles
    line: Longs
    session: Longs
    sequence: Longs
    flags: Longs

    def __len__(self) -> int:
        return len(self.received_us)

    def take(self, rows: Longs | slice) -> "Ticks":
        columns = {f.name: getattr(self, f.name)[rows] for f in fields(self) if f.name != "symbols"}
        return replace(self, **columns)


def concatenated(parts: Sequence[Ticks], symbols: tuple[str, ...]) -> Ticks:
    """The parts one after the other. Each must know its symbols by `symbols`."""
    names = [f.name for f in fields(Ticks) if f.name != "symbols"]
    if not parts:
        return Ticks(symbols, **{name: np.empty(0, _DTYPES.get(name, np.int64)) for name in names})
    return Ticks(symbols, **{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


_DTYPES: Mapping[str, type[np.generic]] = {
    "timed": np.bool_,
    **dict.fromkeys(("bid", "ask", "bid_size", "ask_size"), np.float64),
}


def flags_of(bid: Doubles, ask: Doubles, timed: Bools) -> Longs:
    """CROSSED where a broker's own ask is below its bid, BAD_CLOCK where it sent no time."""
    crossed = (bid > 0) & (ask > 0) & (ask < bid)
    return crossed.astype(np.int64) * int(Flag.CROSSED) + (~timed).astype(np.int64) * int(Flag.BAD_CLOCK)


@dataclass(frozen=True, slots=True)
class SessionEvent:
    """A session's sign of life, for every partition. `reason` is None in the planned course of a session.

    `wall_us` is the wall clock when the session's clock read `time_us`. None where that clock is not tied to the
    wall's: the publisher then says when it published.
    """

    kind: SessionKind
    line: int
    session: int
    time_us: int
    wall_us: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A row that is not a tick, as it stands in its file."""

    symbol: str
    file: str
    line: int
    value: bytes
    error: str


@dataclass(frozen=True, slots=True)
class Batch:
    """What happened next. Ticks in order of received_time; an event at time t stands before the ticks received at t."""

    ticks: Ticks
    events: tuple[SessionEvent, ...] = ()
    dead: tuple[DeadLetter, ...] = ()


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """What became of one symbol's reference ticks on one line. `published` counts records, redelivered ones included.

    reference = unquoted + thinned + lost + skipped + published - redelivered.
    """

    line: int
    symbol: str
    reference: int
    unquoted: int = 0
    thinned: int = 0
    lost: int = 0
    skipped: int = 0
    redelivered: int = 0
    published: int = 0

    def __add__(self, other: Self) -> Self:
        names = [f.name for f in fields(self) if f.name not in ("line", "symbol")]
        return replace(self, **{name: getattr(self, name) + getattr(other, name) for name in names})


@dataclass(frozen=True, slots=True)
class Ledger:
    """What a broker's feed holds, and what was lost and doubled on purpose.

    `line_doubled`: by symbol, the ticks whose twin another line carries too. `dead`: rows that are not ticks.
    """

    broker: str
    feed: Feed
    rows: tuple[LedgerRow, ...]
    line_doubled: Mapping[str, int] = field(default_factory=dict)
    dead: int = 0

    @property
    def total(self) -> LedgerRow:
        """All lines and symbols together."""
        return sum(self.rows, start=LedgerRow(0, "*", 0))


@runtime_checkable
class Collector(Protocol):
    """One broker's feed."""

    @property
    def broker(self) -> str: ...

    @property
    def feed(self) -> Feed: ...

    @property
    def speed(self) -> float:
        """Seconds of the session's clock per second of wall clock; 0: as fast as possible."""

    @property
    def resumable(self) -> bool:
        """The same records in the same order whenever it is played: a restart can go on behind what is published."""

    @property
    def lines(self) -> frozenset[Line]:
        """The lines it can have a session on."""

    @property
    def usual_lines(self) -> frozenset[Line]:
        """Those that are open where nobody asks for anything else."""

    @property
    def open_lines(self) -> frozenset[Line]:
        """Those it has one on, or will have as soon as it can."""

    async def open_line(self, line: Line) -> None:
        """Have a session on one of `lines`: its start is in what `announce` or `batches` gives next.

        Where there is one nothing happens. Raises UpstreamError where the broker does not let it.
        """

    async def close_line(self, line: Line) -> None:
        """Have none any more: its end is in what `batches` gives next. Where there is none nothing happens."""

    async def history(self, line: Line, symbol: str | None, from_us: int, to_us: int) -> Ticks | None:
        """What the broker has sent on a line by received time, both ends within, in order, and each tick once.

        Whether it came or not; `session` and `sequence` mean nothing. None: the broker keeps no history. `symbol` None:
        of all. Raises UpstreamError.
        """

    async def announce(self, stop: asyncio.Event) -> Batch:
        """Open the sessions: their starts, which are to be on the topic before any tick of any broker flows.

        Raises SessionLostError.
        """

    def batches(self, stop: asyncio.Event, resume_us: int | None = None) -> AsyncIterator[Batch]:
        """Everything after `announce`, until the feed or the wish for it ends. Raises SessionLostError.

        With `resume_us` the records before that time are given at once: they are on the topic already.
        """

"""What every format parses to: the sound rows of one file as columns, and the bad ones apart."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from tierfeed.errors import ConfigError

Longs = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


class DamagedFileError(ConfigError):
    """A file is cut, padded, or not of the format it is said to be. Nothing of its tape may be published."""

    def __init__(self, file: str, what: str) -> None:
        super().__init__(f"{file}: {what}")


@dataclass(frozen=True, slots=True)
class BadRow:
    """One row of a sound file that is not a tick. It goes to the dead-letter topic as it stands in the file."""

    line: int
    raw: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class Rows:
    """The ticks of one file, in file order. Times are UTC microseconds; sizes are NaN where the file gives none.

    `event_us` means nothing where `timed` is False. `received_us` is the recorder's own clock; None where the file has
    none. `line` counts from 1: the text line, or the record number in a format without lines.
    """

    line: Longs
    event_us: Longs
    timed: Bools
    bid: Doubles
    ask: Doubles
    bid_size: Doubles
    ask_size: Doubles
    received_us: Longs | None = None
    bad: tuple[BadRow, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.line)

    def take(self, keep: Bools, bad: Sequence[BadRow]) -> "Rows":
        """The rows where `keep` holds, with `bad` added to the bad ones in line order."""
        received = None if self.received_us is None else self.received_us[keep]
        return Rows(
            self.line[keep],
            self.event_us[keep],
            self.timed[keep],
            self.bid[keep],
            self.ask[keep],
            self.bid_size[keep],
            self.ask_size[keep],
            received,
            tuple(sorted((*self.bad, *bad), key=lambda row: row.line)),
        )


def no_rows() -> Rows:
    """A sound file without ticks."""
    return rows_of(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0), np.empty(0))


def rows_of(
    line: Longs,
    event_us: Longs,
    bid: Doubles,
    ask: Doubles,
    sizes: tuple[Doubles, Doubles] | None = None,
    bad: Sequence[BadRow] = (),
) -> Rows:
    """Rows that all have an event time."""
    none = np.full(len(line), np.nan)
    bid_size, ask_size = sizes or (none, none)
    return Rows(line, event_us, np.ones(len(line), np.bool_), bid, ask, bid_size, ask_size, None, tuple(bad))


def price_problems(bid: Doubles, ask: Doubles) -> list[tuple[int, str]]:
    """(row, reason) of every row whose prices no broker can mean. A missing side is 0 and is not a problem."""
    finite = np.isfinite(bid) & np.isfinite(ask)
    with np.errstate(invalid="ignore"):
        sound = finite & (bid >= 0) & (ask >= 0) & ((bid > 0) | (ask > 0))
    found = []
    for row in np.flatnonzero(~sound).tolist():
        prices = f"bid {bid[row]:g} ask {ask[row]:g}"
        if not finite[row]:
            found.append((row, f"prices must be finite, were {prices}"))
        elif bid[row] < 0 or ask[row] < 0:
            found.append((row, f"prices must not be negative, were {prices}"))
        else:
            found.append((row, f"one price must be positive, were {prices}"))
    return found

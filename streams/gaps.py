"""Gaps: when a broker's ticks did not come, told by the closed quality windows alone. No I/O, no clocks."""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from streams.kernels.state import NEVER, NO_SYMBOL, SECOND_US, Records, Rules
from tierfeed.domain.words import GapCause


class Gap(NamedTuple):
    """From inclusive to exclusive. Of no symbol where it is the broker that was not there."""

    told_us: int
    """The end of the window that told it."""
    broker: int
    symbol: int
    from_us: int
    to_us: int
    cause: GapCause


class Gaps:
    """The gaps of one shard. Brokers and symbols are the shard's indices."""

    def __init__(self, brokers: int, rules: Rules) -> None:
        self._rules = rules
        self._starts = np.full(brokers, NEVER, np.int64)
        """Of each broker's newest window."""
        self._ended: list[list[int]] = [[] for _ in range(brokers)]
        """When all of a broker's sessions ended as planned, behind that window's start: first and last."""
        self._received = np.full((brokers, 8), NEVER, np.int64)
        """[b, s]: when the newest tick came, by the window that has it. The last column is for `NO_SYMBOL`."""

    def end(self, broker: int, at_us: int) -> None:
        """All of a broker's sessions have ended as planned: nothing is lost from here to its next window."""
        # The first one counts, but for one in the second in progress, whose window is still to come.
        self._ended[broker] = [*self._ended[broker][:1], at_us]

    def find(self, windows: Records) -> list[Gap]:
        """What the next windows tell, in the order of time. They come second by second, `NO_SYMBOL` among them."""
        return sorted([*self._silences(windows), *self._missing(windows)])

    def _silences(self, windows: Records) -> Iterator[Gap]:
        """A broker whose sessions beat has a window each second: where none was for too long, it was lost."""
        starts, of = windows["start"], windows["broker"]
        newest, known = int(starts[-1]), self._starts.tolist()
        for b, before in enumerate(known):
            if newest - before > self._rules.heartbeat_timeout_us:
                mine = starts[of == b].tolist()
                for at, after in pairwise(mine if before == NEVER else [before, *mine]):
                    yield from self._silence(b, at + SECOND_US, after)
        # Of several windows of one broker or symbol the last one stays, here and below.
        self._starts[of] = starts
        if any(self._ended):
            for b, start in enumerate(self._starts.tolist()):
                self._ended[b] = [ended_us for ended_us in self._ended[b] if ended_us >= start]

    def _silence(self, b: int, from_us: int, back_us: int) -> Iterator[Gap]:
        ends = [ended_us for ended_us in self._ended[b] if from_us - SECOND_US <= ended_us <= back_us]
        to_us = min(ends, default=back_us)
        if to_us - from_us > self._rules.heartbeat_timeout_us:
            yield Gap(back_us + SECOND_US, b, NO_SYMBOL, from_us, to_us, GapCause.SESSION_LOST)

    def _missing(self, windows: Records) -> Iterator[Gap]:
        """What was skipped came before a tick of its window, and after the symbol's newest tick of the window before.

        Fewer than none are missing where late ones came: of sequences that were told missing before. That gap stays
        one, for a late tick never enters the live order.
        """
        of, symbols, received = windows["broker"], windows["symbol"], windows["last_received"]
        self._provide_for(int(symbols.max()))
        for i in (windows["missing"] > 0).nonzero()[0].tolist():
            b, s, start = int(of[i]), int(symbols[i]), int(windows["start"][i])
            same = ((of[:i] == b) & (symbols[:i] == s)).nonzero()[0]
            last = int(received[same[-1]] if len(same) else self._received[b, s])
            # Without a window before, what was skipped came behind another tick of this one.
            from_us = start if last == NEVER else min(max(last, start - self._rules.quote_lifetime_us), start)
            yield Gap(start + SECOND_US, b, s, from_us, start + SECOND_US, GapCause.MISSING)
        self._received[of, symbols] = received

    def _provide_for(self, symbol: int) -> None:
        brokers, room = self._received.shape
        if symbol >= room - 1:
            known = self._received[:, : room - 1]
            self._received = np.full((brokers, 2 * symbol + 2), NEVER, np.int64)
            self._received[:, : room - 1] = known

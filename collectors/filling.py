"""What is to be filled in: a broker's history laid beside what its topic holds of a line. Pure.

Ticks are told apart by what they say, and the k-th of several that say the same by its turn, so that filling again
fills in nothing twice. A tick gets the sequence that is missing between its neighbours where there are as many of them
as are missing; any other is counted in a session of its own, whose id is below zero.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from collectors.port import Longs, Ticks, flags_of
from collectors.tail import HeldTick
from tierfeed.domain.words import Flag, Line

Place = tuple[int, int]
"""(session, sequence)."""


@dataclass(frozen=True, slots=True)
class Fill:
    """What is missing, stamped and flagged, in the order of the history; how much of it had been filled in before."""

    ticks: Ticks
    before: int


def missing(history: Ticks, held: Iterable[HeldTick], line: Line, from_us: int, to_us: int) -> Fill:
    """What was to be received from one time to another, both within; history and `held` may reach further.

    `held`: what the topic holds of the line, each tick once, in order for each symbol.
    """
    of_symbol: defaultdict[str, list[HeldTick]] = defaultdict(list)
    for tick in held:
        of_symbol[tick.symbol].append(tick)
    session = np.zeros(len(history), np.int64)
    sequence = np.zeros(len(history), np.int64)
    is_due = (history.received_us >= from_us) & (history.received_us <= to_us)
    due: list[int] = []
    before = 0
    for code, symbol in enumerate(history.symbols):
        rows = np.flatnonzero(history.symbol == code)
        there = _matched(_contents(history, rows), of_symbol[symbol])
        of_span = zip(there, is_due[rows].tolist(), strict=True)
        before += sum(tick is not None and tick.backfilled for tick, asked in of_span if asked)
        taken = {(tick.session, tick.sequence) for tick in of_symbol[symbol]}
        own = -from_us
        count = max((tick.sequence for tick in of_symbol[symbol] if tick.session == own), default=0)
        for first, after in _runs(there):
            run = rows[first:after]
            wanted = run[is_due[run]]
            places = _between(there, first, after)
            # Of several that say the same, one that came stands for another's.
            if places is None or not taken.isdisjoint(places):
                places, run = [(own, count + number) for number in range(1, len(wanted) + 1)], wanted
                count += len(wanted)
            taken.update(places)
            session[run], sequence[run] = np.array(places, np.int64).reshape(-1, 2).T
            due += wanted.tolist()
    order = np.array(sorted(due), np.int64)
    ticks = history.take(order)
    flags = flags_of(ticks.bid, ticks.ask, ticks.timed) | int(Flag.BACKFILLED)
    stamped = replace(
        ticks,
        line=np.full(len(order), int(line), np.int64),
        session=session[order],
        sequence=sequence[order],
        flags=flags,
    )
    return Fill(stamped, before)


def _contents(ticks: Ticks, rows: Longs) -> list[tuple[object, ...]]:
    sizes = [
        [None if np.isnan(size) else size for size in column[rows].tolist()]
        for column in (ticks.bid_size, ticks.ask_size)
    ]
    events = np.where(ticks.timed[rows], ticks.event_us[rows], -1).tolist()
    times = [event if timed else None for event, timed in zip(events, ticks.timed[rows].tolist(), strict=True)]
    return list(zip(times, ticks.bid[rows].tolist(), ticks.ask[rows].tolist(), *sizes, strict=True))


def _matched(contents: Sequence[tuple[object, ...]], held: Iterable[HeldTick]) -> list[HeldTick | None]:
    """For each tick of the history the one that is there."""
    there: defaultdict[tuple[object, ...], deque[HeldTick]] = defaultdict(deque)
    for tick in held:
        there[tick.event_us, tick.bid, tick.ask, tick.bid_size, tick.ask_size].append(tick)
    return [there[content].popleft() if there.get(content) else None for content in contents]


def _runs(there: Sequence[HeldTick | None]) -> Iterable[Place]:
    """(first, after the last) of the ticks that are not there."""
    first = None
    for at, tick in enumerate([*there, None]):
        is_missing = at < len(there) and tick is None
        if is_missing and first is None:
            first = at
        elif not is_missing and first is not None:
            yield first, at
            first = None


def _between(there: Sequence[HeldTick | None], first: int, after: int) -> list[Place] | None:
    """The places between a run's neighbours, where there are just as many."""
    left = there[first - 1] if first else None
    right = there[after] if after < len(there) else None
    if left is None or right is None or left.session != right.session or left.session < 0:
        return None
    if right.sequence - left.sequence - 1 != after - first:
        return None
    return [(left.session, left.sequence + number) for number in range(1, after - first + 1)]

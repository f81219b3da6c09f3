"""A script: everything one broker publishes over a tape, in order, as a pure function of the tape."""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from collectors.port import Batch, DeadLetter, Ledger, Longs, SessionEvent, Ticks, concatenated
from tierfeed.domain.words import Feed, SessionKind

SECOND_US = 1_000_000
CUT_RECORDS = 4096
Span = tuple[int, int]
"""From inclusive to exclusive, in microseconds."""
_KIND_ORDER = (SessionKind.SESSION_START, SessionKind.HEARTBEAT, SessionKind.SESSION_END)


@dataclass(frozen=True, slots=True)
class Session:
    """One session of one line. `spans`: when it is open, from and until, in order and on whole seconds.

    `silences` are outages inside them: from, until, without heartbeats.
    """

    line: int
    session: int
    spans: tuple[Span, ...]
    silences: tuple[Span, ...] = ()

    @property
    def start_us(self) -> int:
        return self.spans[0][0]

    def without(self, pauses: Sequence[Span]) -> "Session":
        """Closed while the whole tape pauses."""
        spans = self.spans
        for start, end in pauses:
            cut = [((at, min(start, until)), (max(end, at), until)) for at, until in spans]
            spans = tuple((at, until) for pair in cut for at, until in pair if at < until)
        return replace(self, spans=spans)

    def shifted(self, by_us: int) -> "Session":
        moved = [tuple((start + by_us, end + by_us) for start, end in part) for part in (self.spans, self.silences)]
        return Session(self.line, self.session + by_us, *moved)

    def joined(self, from_us: int, session: int) -> "Session":
        """What is left of it from a time on, under another id."""
        spans = tuple((max(start, from_us), end) for start, end in self.spans if end > from_us)
        return Session(self.line, session, spans, self.silences)

    def closed(self, at_us: int) -> "Session":
        """Ended by then, as if it had been planned."""
        return replace(self, spans=tuple((start, min(end, at_us)) for start, end in self.spans if start < at_us))

    def events(self) -> Iterator[tuple[int, SessionKind]]:
        """Start, a heartbeat each whole second in between, and end of every span."""
        for start, end in self.spans:
            yield start, SessionKind.SESSION_START
            seconds = np.arange(start + SECOND_US, end, SECOND_US, dtype=np.int64)
            for dark_from, dark_until in self.silences:
                seconds = seconds[(seconds < dark_from) | (seconds >= dark_until)]
            for second in seconds.tolist():
                yield second, SessionKind.HEARTBEAT
            yield end, SessionKind.SESSION_END


@dataclass(frozen=True, slots=True)
class Cursor:
    """How much of a script is done: ticks, and session events."""

    ticks: int = 0
    events: int = 0


@dataclass(frozen=True)
class Script:
    """One broker's part. `ticks` are in publishing order: by received time, line, session, sequence, symbol.

    `missed` did not come, though the broker has it, by the time it would have been received. `spare`: what the lines
    carry that stand by; none of it counts before somebody asks for one.
    """

    broker: str
    feed: Feed
    start_us: int
    end_us: int
    sessions: tuple[Session, ...]
    ticks: Ticks
    ledger: Ledger
    dead: tuple[DeadLetter, ...] = ()
    missed: Ticks | None = None
    spare: "Script | None" = None

    @property
    def lines(self) -> frozenset[int]:
        return frozenset(at.line for at in self.sessions)

    @property
    def whole(self) -> "Script":
        """With the lines that stand by."""
        if self.spare is None:
            return self
        ticks = publishing_order(concatenated([self.ticks, self.spare.ticks], self.ticks.symbols))
        return replace(self, sessions=self.sessions + self.spare.sessions, ticks=ticks, spare=None)

    @cached_property
    def events(self) -> tuple[Longs, Longs, Longs]:
        """(time, kind, index of the session), in order: a start before a heartbeat before an end of the same time."""
        events = [(time, kind, owner) for owner, at in enumerate(self.sessions) for time, kind in at.events()]
        columns = np.array(events, np.int64).reshape(-1, 3).T
        order = np.lexsort((columns[2], columns[1], columns[0]))
        return columns[0][order], columns[1][order], columns[2][order]

    def __len__(self) -> int:
        return len(self.ticks) + len(self.events[0])

    def announcement(self) -> Cursor:
        """What stands before anything else: the events at the very start."""
        return Cursor(0, int(np.searchsorted(self.events[0], self.start_us, "right")))

    def until(self, time_us: int) -> Cursor:
        """Everything before `time_us`."""
        return Cursor(
            int(np.searchsorted(self.ticks.received_us, time_us, "left")),
            int(np.searchsorted(self.events[0], time_us, "left")),
        )

    def next_time_us(self, done: Cursor) -> int | None:
        """When the record after `done` is due. None at the end."""
        times = self.events[0]
        due = []
        if done.ticks < len(self.ticks):
            due.append(int(self.ticks.received_us[done.ticks]))
        if done.events < len(times):
            due.append(int(times[done.events]))
        return min(due, default=None)

    def cut(self, done: Cursor, records: int = CUT_RECORDS) -> Cursor:
        """The place about `records` further on, never between records of one time."""
        times = self.events[0]
        ends = []
        if done.ticks + records < len(self.ticks):
            ends.append(int(self.ticks.received_us[done.ticks + records]))
        if done.events + records < len(times):
            ends.append(int(times[done.events + records]))
        if not ends:
            return Cursor(len(self.ticks), len(times))
        place = self.until(min(ends))
        place = Cursor(max(place.ticks, done.ticks), max(place.events, done.events))
        # More records of one time than a cut holds stay together.
        return place if place != done else self.until(min(ends) + 1)

    def between(self, start: Cursor, end: Cursor) -> Batch:
        """The records from one place to another. Dead letters come with the first of them."""
        times, kinds, owners = self.events
        rows = slice(start.events, end.events)
        events = tuple(
            SessionEvent(_KIND_ORDER[kind], self.sessions[owner].line, self.sessions[owner].session, time)
            for time, kind, owner in zip(times[rows].tolist(), kinds[rows].tolist(), owners[rows].tolist(), strict=True)
        )
        return Batch(self.ticks.take(slice(start.ticks, end.ticks)), events)

    def batches(self, start: Cursor | None = None, records: int = CUT_RECORDS) -> Iterator[Batch]:
        """Everything from `start` on, in cuts."""
        done, end = start or Cursor(), Cursor(len(self.ticks), len(self.events[0]))
        while done != end:
            upto = self.cut(done, records)
            yield self.between(done, upto)
            done = upto

    def shifted(self, by_us: int) -> "Script":
        """The same tape at another time, as sessions of their own. `by_us` is whole seconds: beats stay on them."""
        ticks = replace(
            self.ticks,
            received_us=self.ticks.received_us + by_us,
            event_us=self.ticks.event_us + by_us,
            session=self.ticks.session + by_us,
        )
        sessions = tuple(at.shifted(by_us) for at in self.sessions)
        return replace(self, start_us=self.start_us + by_us, end_us=self.end_us + by_us, sessions=sessions, ticks=ticks)

    def of_lines(self, lines: Set[int]) -> "Script":
        """Without what the others carry."""
        if lines >= self.lines:
            return self
        ticks = self.ticks.take(np.flatnonzero(np.isin(self.ticks.line, sorted(lines))))
        sessions = tuple(at for at in self.sessions if at.line in lines)
        ledger = replace(self.ledger, rows=tuple(row for row in self.ledger.rows if row.line in lines))
        return replace(self, sessions=sessions, ticks=ticks, ledger=ledger)

    def opened(self, line: "Script", at_us: int) -> "Script":
        """With a script of another line from a whole second on. What stands before stays as it is."""
        part = line.joined(at_us)
        ticks = publishing_order(concatenated([self.ticks, part.ticks], self.ticks.symbols))
        return replace(self, sessions=self.sessions + part.sessions, ticks=ticks)

    def closed(self, line: int, at_us: int) -> "Script":
        """Without what a line carries from a whole second on. What stands before stays as it is."""
        ended = (at.closed(at_us) if at.line == line else at for at in self.sessions)
        stays = (self.ticks.line != line) | (self.ticks.received_us < at_us)
        return replace(
            self, sessions=tuple(at for at in ended if at.spans), ticks=self.ticks.take(np.flatnonzero(stays))
        )

    def history(self, line: int, symbol: str | None, from_us: int, to_us: int) -> Ticks:
        """What the broker has sent on a line, each tick once, by when it came or should have come."""
        found = []
        for ticks in (self.ticks, self.missed):
            if ticks is None:
                continue
            rows = np.arange(*np.searchsorted(ticks.received_us, (from_us, to_us + 1)))
            rows = rows[ticks.line[rows] == line]
            if symbol is not None:
                code = ticks.symbols.index(symbol) if symbol in ticks.symbols else -1
                rows = rows[ticks.symbol[rows] == code]
            found.append(ticks.take(rows))
        came = found[0]
        if len(came):
            stamps = np.stack((came.session, came.symbol, came.sequence))
            _, first = np.unique(stamps, axis=1, return_index=True)
            found[0] = came.take(np.sort(first))
        together = concatenated(found, self.ticks.symbols)
        return together.take(np.lexsort((together.sequence, together.received_us)))

    def joined(self, from_us: int) -> "Script":
        """The part from a whole second on, in sessions that begin there: what one sees who connects in the middle."""
        before = sorted({at.session for at in self.sessions if at.start_us < from_us})
        # Below the ids of the sessions that begin later, and in the order they had.
        named = {session: from_us - len(before) + at for at, session in enumerate(before)}
        sessions = tuple(
            at.joined(from_us, named.get(at.session, at.session)) for at in self.sessions if at.spans[-1][1] > from_us
        )
        ticks = self.ticks.take(slice(self.until(from_us).ticks, None))
        if len(ticks):
            ids, where = np.unique(ticks.session, return_inverse=True)
            moved = np.array([named.get(int(session), int(session)) for session in ids], np.int64)
            ticks = replace(ticks, session=moved[where], sequence=_from_one(ticks))
        return replace(self, start_us=from_us, sessions=sessions, ticks=ticks)


def _from_one(ticks: Ticks) -> Longs:
    """Sequences that begin at 1 again in each stream and symbol."""
    streams = np.stack((ticks.line, ticks.session, ticks.symbol))
    _, where = np.unique(streams, axis=1, return_inverse=True)
    where = where.ravel()
    first = np.full(where.max() + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, where, ticks.sequence)
    return ticks.sequence - first[where] + 1


def publishing_order(ticks: Ticks) -> Ticks:
    """By received time; ties by line, session, sequence, symbol: one order, whatever order the ticks came in."""
    order = np.lexsort((ticks.symbol, ticks.sequence, ticks.session, ticks.line, ticks.received_us))
    return ticks.take(order)


def floor_second(time_us: int) -> int:
    return time_us // SECOND_US * SECOND_US


def second_after(time_us: int) -> int:
    """The first whole second that is later than `time_us`."""
    return floor_second(time_us) + SECOND_US

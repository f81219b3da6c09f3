"""Where a restarted replay goes on: its script laid beside what the topic holds. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from collectors.port import Longs, Stream
from collectors.script import Cursor, Script
from collectors.tail import Seen, TickId
from tierfeed.domain.partitions import partition_of
from tierfeed.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Resume:
    """What each partition holds of the script: how much, how many ticks of each stream, its latest time.

    `stopped`: partitions whose sessions were ended early.
    """

    done: Mapping[int, Cursor]
    counts: Mapping[int, Mapping[Stream, int]] = field(default_factory=dict)
    last_us: Mapping[int, int] = field(default_factory=dict)
    stopped: tuple[int, ...] = ()
    from_us: int | None = None
    """The earliest record that is missing anywhere. None: nothing is there yet, play from the start."""

    @property
    def ticks(self) -> int:
        return sum(cursor.ticks for cursor in self.done.values())


def fresh(seen: Mapping[int, Seen | None]) -> Resume:
    """Nothing of what is to come is there."""
    return Resume(
        dict.fromkeys(sorted(seen), Cursor()), last_us={at: tail.last_us for at, tail in seen.items() if tail}
    )


def resume(script: Script, topic: str, seen: Mapping[int, Seen | None]) -> Resume:
    """Raises ConfigError with every partition that holds something else than a beginning of this script."""
    homes = np.array([partition_of(symbol, len(seen)) for symbol in script.ticks.symbols], np.int64)
    home = homes[script.ticks.symbol] if len(script.ticks) else script.ticks.symbol
    done: dict[int, Cursor] = {}
    counts: dict[int, dict[Stream, int]] = {}
    problems: list[str] = []
    due: list[int] = []
    for at, tail in sorted(seen.items()):
        rows = np.flatnonzero(home == at)
        try:
            done[at] = _place(script, rows, tail)
        except ConfigError as error:
            problems.append(f"{topic}/{at}: {error}")
            continue
        counts[at] = _counts(script, rows[: done[at].ticks])
        due += _due(script, rows, done[at])
    if problems:
        raise ConfigError(problems)
    begun = any(cursor.events for cursor in done.values())
    return Resume(
        done=done,
        counts=counts,
        last_us={at: tail.last_us for at, tail in seen.items() if tail},
        stopped=tuple(at for at, tail in seen.items() if tail and tail.stopped and done[at].events),
        from_us=min(due, default=script.end_us + 1) if begun else None,
    )


def _counts(script: Script, rows: Longs) -> dict[Stream, int]:
    streams, counts = np.unique((script.ticks.line[rows], script.ticks.session[rows]), axis=1, return_counts=True)
    return dict(zip(zip(*streams.tolist(), strict=True), counts.tolist(), strict=True))


def _due(script: Script, rows: Longs, done: Cursor) -> list[int]:
    times = script.events[0]
    due = [int(times[done.events])] if done.events < len(times) else []
    return due + ([int(script.ticks.received_us[rows[done.ticks]])] if done.ticks < len(rows) else [])


def _place(script: Script, rows: Longs, tail: Seen | None) -> Cursor:
    """How far one partition is. `rows`: the script's ticks that live on it."""
    if tail is None:
        return Cursor()
    if tail.session not in {session.session for session in script.sessions}:
        if tail.last_us <= script.start_us:
            return Cursor()
        raise ConfigError(
            f"holds another session ({tail.session}) up to a later time than this tape begins, and time must not go "
            f"back: play the tape rebased to now, or on a fresh topic"
        )
    times, kinds, owners = script.events
    for at in np.flatnonzero((times == tail.time_us) & (kinds == int(tail.kind))).tolist():
        session = script.sessions[owners[at]]
        if (session.line, session.session) == (tail.line, tail.session):
            return _checked(script, rows, tail, at)
    raise ConfigError(
        f"holds a {tail.kind.name} of session {tail.session} at {tail.time_us} that this tape does not have"
    )


def _checked(script: Script, rows: Longs, tail: Seen, event: int) -> Cursor:
    before = int(np.searchsorted(script.ticks.received_us[rows], tail.time_us, "left"))
    stream = (script.ticks.line[rows[:before]] == tail.line) & (script.ticks.session[rows[:before]] == tail.session)
    if int(stream.sum()) != tail.ticks:
        raise ConfigError(
            f"holds {tail.ticks} ticks of session {tail.session}, this tape has {int(stream.sum())} so far"
        )
    behind = rows[before : before + len(tail.ticks_after)]
    if _ids(script, behind) != tail.ticks_after:
        raise ConfigError(f"holds other ticks of session {tail.session} than this tape has")
    return Cursor(before + len(behind), event + 1)


def _ids(script: Script, rows: Longs) -> tuple[TickId, ...]:
    ticks = script.ticks.take(rows)
    symbols = [ticks.symbols[code] for code in ticks.symbol.tolist()]
    return tuple(zip(ticks.line.tolist(), ticks.session.tolist(), symbols, ticks.sequence.tolist(), strict=True))

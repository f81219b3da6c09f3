"""The recordings of a tape to each broker's script. Pure: the same files give the same scripts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from collectors.port import DeadLetter, Ledger, LedgerRow, Longs, Ticks, concatenated, flags_of
from collectors.replay.formats.rows import Rows
from collectors.replay.tapefile import Entry
from collectors.script import Script, Session, Span, floor_second, publishing_order, second_after
from collectors.simulator.profile import Profile
from collectors.simulator.simulate import Reference, silences, simulate
from tierfeed.domain.words import Feed, Line

PAUSE_US = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Recording:
    """One file of one entry, in UTC."""

    entry: Entry
    file: str
    rows: Rows


def scripts_of(recordings: Sequence[Recording], profiles: Mapping[str, tuple[Profile, int]]) -> dict[str, Script]:
    """Every broker's script. They begin together, at the second of the earliest tick, and end together behind the last.

    Where all brokers are silent for over PAUSE_US, all sessions end and start again: nobody beats through a weekend.
    `profiles`: the simulated brokers, each with its seed.
    """
    brokers = sorted({at.entry.broker for at in recordings})
    start_us = floor_second(min(int(_clock(at.rows).min()) for at in recordings if len(at.rows)))
    parts = {
        broker: _part([at for at in recordings if at.entry.broker == broker], profiles, start_us) for broker in brokers
    }
    end_us = second_after(max(int(ticks.received_us[-1]) for ticks, *_ in parts.values() if len(ticks)))
    pauses = _pauses(ticks for ticks, *_ in parts.values())
    scripts = {}
    for broker, (ticks, missed, ledger) in parts.items():
        sessions = (
            _simulated_sessions(profiles[broker][0], start_us, end_us)
            if broker in profiles
            else _real_sessions(ticks, start_us, end_us)
        )
        dead = _dead(at for at in recordings if at.entry.broker == broker)
        open_ = tuple(session.without(pauses) for session in sessions)
        script = Script(broker, ledger.feed, start_us, end_us, open_, ticks, ledger, dead, missed)
        scripts[broker] = _kept_ready(script, profiles[broker][0]) if broker in profiles else script
    return scripts


def _kept_ready(script: Script, profile: Profile) -> Script:
    """With the lines apart that stand by."""
    spare = {int(Line[name]) for name, line in profile.lines.items() if line.standby}
    return replace(script.of_lines(script.lines - spare), spare=script.of_lines(spare)) if spare else script


def _part(
    mine: list[Recording], profiles: Mapping[str, tuple[Profile, int]], start_us: int
) -> tuple[Ticks, Ticks, Ledger]:
    """One broker's ticks in publishing order, what is withheld of them, and its ledger."""
    broker = mine[0].entry.broker
    symbols = tuple(sorted({at.entry.symbol for at in mine}))
    if broker in profiles:
        profile, seed = profiles[broker]
        reference = {symbol: _reference([at for at in mine if at.entry.symbol == symbol]) for symbol in symbols}
        ticks, missed, ledger = simulate(broker, reference, profile, seed, start_us)
        return ticks, missed, replace(ledger, dead=sum(len(at.rows.bad) for at in mine))
    parts = []
    for session, group in _grouped(mine, start_us):
        for symbol in sorted({at.entry.symbol for at in group}):
            files = [at for at in group if at.entry.symbol == symbol]
            parts.append(_stamped(files, symbols, symbols.index(symbol), session))
    ticks = publishing_order(concatenated(parts, symbols))
    counts = np.bincount(ticks.symbol, minlength=len(symbols)).tolist()
    rows = tuple(LedgerRow(0, symbol, count, published=count) for symbol, count in zip(symbols, counts, strict=True))
    ledger = Ledger(broker, Feed.REPLAY, rows, {}, sum(len(at.rows.bad) for at in mine))
    return ticks, ticks.take(slice(0)), ledger


def _clock(rows: Rows) -> Longs:
    return rows.event_us if rows.received_us is None else rows.received_us


def _in_time(files: list[Recording]) -> list[Recording]:
    """Files that hold ticks, by their first: the names of a tape's files need not sort by date."""
    return sorted((at for at in files if len(at.rows)), key=lambda at: (int(_clock(at.rows).min()), at.file))


def _grouped(mine: list[Recording], start_us: int) -> list[tuple[int, list[Recording]]]:
    """(session id, its files). Ids are times in microseconds, and strictly increase by when a session begins."""
    whole = [at for at in mine if at.entry.session == "one"]
    groups = [
        ([at], floor_second(int(_clock(at.rows).min()))) for at in _in_time(mine) if at.entry.session == "per_file"
    ]
    if whole or not groups:
        groups.insert(0, (whole, start_us))
    found: list[tuple[int, list[Recording]]] = []
    for files, began_us in groups:
        session = began_us if not found else max(began_us, found[-1][0] + 1)
        found.append((session, files))
    return found


def _stamped(files: list[Recording], symbols: tuple[str, ...], symbol: int, session: int) -> Ticks:
    rows = [at.rows for at in _in_time(files)]
    clock = _joined([_clock(part) for part in rows]).astype(np.int64)
    bid, ask = _joined([part.bid for part in rows]), _joined([part.ask for part in rows])
    timed = _joined([part.timed for part in rows]).astype(np.bool_)
    n = len(clock)
    return Ticks(
        symbols=symbols,
        symbol=np.full(n, symbol, np.int64),
        # The collector's clock does not go back when the broker's does.
        received_us=np.maximum.accumulate(clock) if n else clock,
        event_us=_joined([part.event_us for part in rows]).astype(np.int64),
        timed=timed,
        bid=bid,
        ask=ask,
        bid_size=_joined([part.bid_size for part in rows]),
        ask_size=_joined([part.ask_size for part in rows]),
        line=np.zeros(n, np.int64),
        session=np.full(n, session, np.int64),
        sequence=np.arange(1, n + 1, dtype=np.int64),
        flags=flags_of(bid, ask, timed),
    )


def _reference(files: list[Recording]) -> Reference:
    rows = [at.rows for at in _in_time(files)]
    clock = _joined([_clock(part) for part in rows]).astype(np.int64)
    return Reference(clock, _joined([part.bid for part in rows]), _joined([part.ask for part in rows]))


def _joined(parts: list[Any]) -> Any:
    return np.concatenate(parts) if parts else np.empty(0)


def _real_sessions(ticks: Ticks, start_us: int, end_us: int) -> tuple[Session, ...]:
    """The first session begins with the tape; each ends a second after its last tick, the last one with the tape."""
    ids = np.unique(ticks.session).tolist() or [start_us]
    heard: dict[int, Span] = dict.fromkeys(ids, (start_us, start_us))
    for session in ids:
        if len(received := ticks.received_us[ticks.session == session]):
            heard[session] = int(received[0]), int(received[-1])
    latest = max(ids, key=lambda session: (heard[session][1], session))
    sessions = []
    for at, session in enumerate(ids):
        first_us, last_us = heard[session]
        begins_us = start_us if at == 0 else floor_second(first_us)
        sessions.append(Session(0, session, ((begins_us, end_us if session == latest else second_after(last_us)),)))
    return tuple(sessions)


def _simulated_sessions(profile: Profile, start_us: int, end_us: int) -> tuple[Session, ...]:
    dark = silences(profile, start_us)
    lines = sorted(int(Line[name]) for name in profile.lines)
    return tuple(
        Session(
            line=line,
            session=start_us,
            spans=((start_us, end_us),),
            silences=tuple((at.start_us, at.end_us) for at in dark if at.line == line and not at.beats),
        )
        for line in lines
    )


def _pauses(parts: Iterable[Ticks]) -> list[Span]:
    """When every broker is silent for so long that the market must be closed: a weekend, or the years between tapes."""
    received = np.sort(np.concatenate([ticks.received_us for ticks in parts]))
    before = np.flatnonzero(np.diff(received) > PAUSE_US)
    return [(second_after(int(received[at])), floor_second(int(received[at + 1]))) for at in before.tolist()]


def _dead(mine: Iterable[Recording]) -> tuple[DeadLetter, ...]:
    return tuple(
        DeadLetter(at.entry.symbol, at.file, bad.line, bad.raw, bad.reason) for at in mine for bad in at.rows.bad
    )

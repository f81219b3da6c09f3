"""One simulated broker over a reference market: pure, seeded, and told exactly what was lost and doubled."""

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from collectors.port import Bools, Doubles, Ledger, LedgerRow, Longs, Ticks, concatenated, flags_of
from collectors.script import SECOND_US, publishing_order
from collectors.simulator.profile import Latency, Profile, SimulatedLine, Trouble
from tierfeed.domain.symbols import price_digits
from tierfeed.domain.words import Feed, Line

MS_US = 1000


@dataclass(frozen=True, slots=True)
class Reference:
    """One symbol of the reference market, in file order."""

    event_us: Longs
    bid: Doubles
    ask: Doubles


@dataclass(frozen=True, slots=True)
class Quotes:
    """What the broker quotes, before its lines: the same on all of them."""

    event_us: Longs
    sent_us: Longs
    bid: Doubles
    ask: Doubles
    bid_size: Doubles
    ask_size: Doubles

    def take(self, rows: Longs) -> "Quotes":
        return Quotes(*(getattr(self, name)[rows] for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class Silence:
    """An outage on one line, from inclusive to exclusive, on the collector's clock. `beats`: its session goes on."""

    line: int
    start_us: int
    end_us: int
    beats: bool = False


def silences(profile: Profile, start_us: int) -> tuple[Silence, ...]:
    """The outages of a tape that begins at `start_us`, for each line they hit."""
    return tuple(
        Silence(
            int(Line[name]),
            start_us + outage.at_s * SECOND_US,
            start_us + (outage.at_s + outage.for_s) * SECOND_US,
            outage.beats,
        )
        for outage in profile.outages
        for name in outage.lines or tuple(profile.lines)
    )


def simulate(
    broker: str, reference: Mapping[str, Reference], profile: Profile, seed: int, start_us: int
) -> tuple[Ticks, Ticks, Ledger]:
    """Ticks in publishing order, with session `start_us`; what was withheld of them, by arrival; and the ledger.

    Each symbol has its own stream of chance.
    """
    symbols = tuple(sorted(reference))
    parts: list[Ticks] = []
    withheld: list[Ticks] = []
    rows: list[LedgerRow] = []
    doubled: dict[str, int] = {}
    dark = silences(profile, start_us)
    for at, symbol in enumerate(symbols):
        rng = np.random.default_rng([seed, zlib.crc32(broker.encode()), zlib.crc32(symbol.encode())])
        market = reference[symbol]
        quotes = _troubled(_quotes(market, profile, symbol, rng), profile, symbol, start_us)
        unquoted = len(market.event_us) - len(quotes.event_us)
        carried: list[Ticks] = []
        for number, line in ((int(Line[name]), line) for name, line in profile.lines.items()):
            mine = [silence for silence in dark if silence.line == number]
            troubles = [each for each in profile.troubles if not each.lines or Line(number).name in each.lines]
            records, missed, counts = _on_line(quotes, line, number, mine, _spans(troubles, start_us), rng)
            ticks = _stamped(records, at, symbols, start_us)
            withheld.append(_stamped(missed, at, symbols, start_us))
            parts.append(ticks)
            if not line.standby:
                carried.append(ticks)
            rows.append(_told(counts, number, symbol, len(market.event_us), unquoted))
        doubled[symbol] = _line_doubled(carried)
    ledger = Ledger(broker, Feed.SIMULATED, tuple(rows), doubled)
    ticks, missing = (publishing_order(concatenated(each, symbols)) for each in (parts, withheld))
    return ticks, missing, ledger


def _quotes(market: Reference, profile: Profile, symbol: str, rng: np.random.Generator) -> Quotes:
    """The broker's own prices over the reference, rounded to the symbol's digits, and its own clock."""
    kept = np.flatnonzero(rng.random(len(market.event_us)) >= profile.thinning)
    bid, ask = market.bid[kept], market.ask[kept]
    scale = 10.0 ** price_digits(symbol)
    mid = (bid + ask) / 2 + rng.standard_normal(len(kept)) * profile.noise_points / scale
    half = ((ask - bid) * profile.spread_factor + profile.markup_points / scale) / 2
    ours_bid, ours_ask = np.rint((mid - half) * scale) / scale, np.rint((mid + half) * scale) / scale
    # A one-sided quote has no mid to quote around, and no profile may make a price that is not positive.
    copied = (bid <= 0) | (ask <= 0) | (ours_bid <= 0) | (ours_ask <= 0)
    sizes = [np.full(len(kept), np.nan)] * 2
    if profile.size_units is not None:
        smallest, largest = profile.size_units
        sizes = [np.rint(rng.uniform(smallest, largest, len(kept))) for _ in range(2)]
    return Quotes(
        event_us=market.event_us[kept] + round(profile.clock_offset_ms * MS_US),
        # Sent when the market's clock first got there: a reference row out of order does not travel back in time.
        sent_us=np.maximum.accumulate(market.event_us)[kept] if len(kept) else kept,
        bid=np.where(copied, bid, ours_bid),
        ask=np.where(copied, ask, ours_ask),
        bid_size=sizes[0],
        ask_size=sizes[1],
    )


_Troubles = list[tuple[Trouble, int, int]]
"""Each with when it begins and ends."""


def _spans(troubles: Iterable[Trouble], start_us: int) -> _Troubles:
    return [
        (each, start_us + each.at_s * SECOND_US, start_us + (each.at_s + each.for_s) * SECOND_US) for each in troubles
    ]


def _troubled(quotes: Quotes, profile: Profile, symbol: str, start_us: int) -> Quotes:
    """With the troubles of the broker as a whole: its prices and its clock."""
    event, bid, ask = quotes.event_us.copy(), quotes.bid.copy(), quotes.ask.copy()
    scale = 10.0 ** price_digits(symbol)
    for each, begin_us, end_us in _spans(profile.troubles, start_us):
        during = (quotes.sent_us >= begin_us) & (quotes.sent_us < end_us)
        event[during] += round(each.clock_ms * MS_US)
        for prices in (bid, ask):
            moved = np.rint(prices * scale + each.shift_points) / scale
            prices[:] = np.where(during & (prices > 0) & (moved > 0), moved, prices)
    return replace(quotes, event_us=event, bid=bid, ask=ask)


@dataclass(frozen=True, slots=True)
class _Carried:
    """One line's records: rows of the broker's quotes with their sequence and arrival."""

    quotes: Quotes
    received_us: Longs
    sequence: Longs
    line: int


def _on_line(
    quotes: Quotes,
    line: SimulatedLine,
    number: int,
    dark: list[Silence],
    troubles: _Troubles,
    rng: np.random.Generator,
) -> tuple[_Carried, _Carried, dict[str, int]]:
    """What the line carries, what it should have carried too, and the counts."""
    n = len(quotes.sent_us)
    carried = rng.random(n) >= line.thinning
    delay = _delays(line.latency, n, rng)
    chance, late, again = rng.random(n), rng.random(n), rng.random(n)
    share = np.full(n, line.skipped)
    for each, begin_us, end_us in troubles:
        during = (quotes.sent_us >= begin_us) & (quotes.sent_us < end_us)
        delay[during] += round(each.delay_ms * MS_US)
        share[during] = np.maximum(share[during], each.skipped)
    # A line is one byte stream: nothing overtakes.
    received = np.maximum.accumulate(quotes.sent_us + delay) if n else quotes.sent_us
    lost = carried & _within(received, dark)
    rows = np.flatnonzero(carried & ~lost)
    sequence = np.arange(1, len(rows) + 1, dtype=np.int64)
    skipped = chance[rows] < share[rows]
    # A hole can be seen only between two sequences that came.
    skipped[:1] = skipped[-1:] = False
    gone = np.sort(np.concatenate((np.flatnonzero(lost), rows[skipped])))
    # Where each belongs among those that come at one time; one that was never sent, behind the last that was.
    missed = _Carried(quotes.take(gone), received[gone], np.cumsum(carried & ~lost, dtype=np.int64)[gone], number)
    rows, sequence = rows[~skipped], sequence[~skipped]
    arrival = received[rows]
    second = arrival + 1 + (late[rows] * line.redelivery_ms * MS_US).astype(np.int64)
    twice = np.flatnonzero((again[rows] < line.redelivered) & ~_within(second, dark))
    counts = {
        "thinned": n - int(carried.sum()),
        "lost": int(lost.sum()),
        "skipped": int(skipped.sum()),
        "redelivered": len(twice),
        "published": len(rows) + len(twice),
    }
    return (
        _Carried(
            quotes.take(np.concatenate((rows, rows[twice]))),
            np.concatenate((arrival, second[twice])),
            np.concatenate((sequence, sequence[twice])),
            number,
        ),
        missed,
        counts,
    )


def _delays(latency: Latency, n: int, rng: np.random.Generator) -> Longs:
    above = max(latency.median_ms - latency.floor_ms, 0.0)
    delay_ms = latency.floor_ms + above * np.exp(latency.sigma * rng.standard_normal(n))
    return np.asarray(np.rint(np.minimum(delay_ms, latency.cap_ms) * MS_US), np.int64)


def _within(times_us: Longs, dark: list[Silence]) -> Bools:
    inside = np.zeros(len(times_us), np.bool_)
    for silence in dark:
        inside |= (times_us >= silence.start_us) & (times_us < silence.end_us)
    return inside


def _stamped(carried: _Carried, symbol: int, symbols: tuple[str, ...], session: int) -> Ticks:
    n = len(carried.received_us)
    quotes, timed = carried.quotes, np.ones(n, np.bool_)
    return Ticks(
        symbols=symbols,
        symbol=np.full(n, symbol, np.int64),
        received_us=carried.received_us,
        event_us=quotes.event_us,
        timed=timed,
        bid=quotes.bid,
        ask=quotes.ask,
        bid_size=quotes.bid_size,
        ask_size=quotes.ask_size,
        line=np.full(n, carried.line, np.int64),
        session=np.full(n, session, np.int64),
        sequence=carried.sequence,
        flags=flags_of(quotes.bid, quotes.ask, timed),
    )


def _told(counts: Mapping[str, int], line: int, symbol: str, reference: int, unquoted: int) -> LedgerRow:
    return LedgerRow(line=line, symbol=symbol, reference=reference, unquoted=unquoted, **counts)


def _line_doubled(lines: list[Ticks]) -> int:
    """Ticks that another line carries too: per event time, prices and sizes, all lines' counts less the greatest."""
    keys, owners = [], []
    for number, ticks in enumerate(lines):
        _, first = np.unique(ticks.sequence, return_index=True)
        once = ticks.take(first)
        sizes = (np.nan_to_num(once.bid_size, nan=-1.0), np.nan_to_num(once.ask_size, nan=-1.0))
        keys.append(np.stack((once.event_us, *(c.view(np.int64) for c in (once.bid, once.ask, *sizes)))))
        owners.append(np.full(len(once), number))
    if not keys:
        return 0
    _, key = np.unique(np.concatenate(keys, axis=1), axis=1, return_inverse=True)
    counts = np.zeros((int(key.max(initial=-1)) + 1, len(lines)), np.int64)
    np.add.at(counts, (key.ravel(), np.concatenate(owners)), 1)
    return int((counts.sum(axis=1) - counts.max(axis=1, initial=0)).sum())

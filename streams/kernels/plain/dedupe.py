"""Dedupe: each change of a broker's quote passes once. The first rule that applies wins.

1. INVALID: no price to speak of, or no symbol.
2. BACKFILLED: filled in afterwards, never in the live order.
3. DUPLICATE, LATE: the stream's own sequence numbers.
4. LINE_DUPLICATE: another line, or the session before, has already delivered it.
5. UNCHANGED: the same as the broker's quote before. (Compared with the quote before, not with a set: A, B, A within one
   millisecond are three changes.)
"""

import math
from collections import defaultdict
from dataclasses import dataclass, field

from streams.kernels.plain.consolidate import Quote
from streams.kernels.plain.events import Stream, TickEvent
from streams.kernels.plain.liveness import Liveness
from streams.kernels.plain.rules import Rules
from tierfeed.domain.symbols import CANONICAL
from tierfeed.domain.words import Drop, Flag

SEQUENCE_MEMORY = 64
"""Sequences of a stream and symbol remembered one by one, the newest included; older ones count as seen."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a tick. `missing`: sequences it shows to be skipped, -1 where it is one of them after all."""

    outcome: Drop
    missing: int = 0
    reason: str = ""


@dataclass(slots=True)
class _Seen:
    newest: int
    recent: set[int]

    def take(self, sequence: int) -> Verdict:
        if sequence > self.newest:
            missing = sequence - self.newest - 1
            self.newest = sequence
            self.recent = {s for s in self.recent if sequence - s < SEQUENCE_MEMORY} | {sequence}
            return Verdict(Drop.APPLIED, missing)
        if self.newest - sequence >= SEQUENCE_MEMORY or sequence in self.recent:
            return Verdict(Drop.DUPLICATE)
        self.recent.add(sequence)
        return Verdict(Drop.LATE, missing=-1)


@dataclass(slots=True)
class _Occurrences:
    """How often one and the same quote came: on each stream, at most on any, and when that was last exceeded."""

    seen_us: int
    most: int = 0
    by_stream: defaultdict[Stream, int] = field(default_factory=lambda: defaultdict(int))


class Dedupe:
    """Judge each tick of a shard, in the order of application."""

    def __init__(self, rules: Rules, liveness: Liveness) -> None:
        self._rules = rules
        self._liveness = liveness
        self._sequences: dict[tuple[str, Stream, str], _Seen] = {}
        self._heard: dict[tuple[str, Stream], int] = {}
        self._occurrences: dict[tuple[object, ...], _Occurrences] = {}

    def hear(self, broker: str, stream: Stream, now_us: int) -> None:
        """Any record of a stream. One that was silent for longer than a quote lives begins anew."""
        before_us = self._heard.get((broker, stream))
        if before_us is not None and now_us - before_us > self._rules.quote_lifetime_us:
            self._sequences = {key: seen for key, seen in self._sequences.items() if key[:2] != (broker, stream)}
        self._heard[broker, stream] = now_us

    def judge(self, tick: TickEvent, held: Quote | None, now_us: int) -> Verdict:
        """`held` is the broker's quote for the symbol before this tick. APPLIED: it may become the broker's quote."""
        if reason := why_invalid(tick):
            # Its sequence has come all the same: the next one has none missing before it.
            missing = self._in_sequence(tick).missing if CANONICAL.fullmatch(tick.symbol) else 0
            return Verdict(Drop.INVALID, missing, reason)
        if tick.flags & Flag.BACKFILLED:
            return Verdict(Drop.BACKFILLED)
        verdict = self._in_sequence(tick)
        if verdict.outcome is not Drop.APPLIED:
            return verdict
        if self._told_by_another_stream(tick, now_us):
            return Verdict(Drop.LINE_DUPLICATE, verdict.missing)
        if held is not None and not held.quarantined and held.says_what(tick):
            return Verdict(Drop.UNCHANGED, verdict.missing)
        return verdict

    def _in_sequence(self, tick: TickEvent) -> Verdict:
        key = (tick.broker, tick.stream, tick.symbol)
        if key not in self._sequences:
            self._sequences[key] = _Seen(tick.sequence, {tick.sequence})
            return Verdict(Drop.APPLIED)
        return self._sequences[key].take(tick.sequence)

    def _told_by_another_stream(self, tick: TickEvent, now_us: int) -> bool:
        if tick.event_time is None:  # copies cannot be told from repetitions, so one stream leads
            return self._liveness.led_by_another(tick.broker, tick.stream, now_us)
        key = (tick.broker, tick.symbol, tick.event_time, tick.bid, tick.ask, tick.bid_size, tick.ask_size)
        known = self._occurrences.get(key)
        if known is None or now_us - known.seen_us > self._rules.line_horizon_us:
            known = self._occurrences[key] = _Occurrences(now_us)
        known.by_stream[tick.stream] += 1
        if known.by_stream[tick.stream] <= known.most:
            return True
        known.most, known.seen_us = known.by_stream[tick.stream], now_us
        return False


def why_invalid(tick: TickEvent) -> str | None:
    """What is wrong with the tick by itself, or None."""
    if not CANONICAL.fullmatch(tick.symbol):
        return f"symbol must be 3 to 16 capital letters or digits, was {tick.symbol!r}"
    for side, price in (("bid", tick.bid), ("ask", tick.ask)):
        if not math.isfinite(price) or price < 0:
            return f"{side} must be finite and not negative, was {price!r}"
    if not (tick.bid > 0 or tick.ask > 0):
        return "bid or ask must be above 0, both were 0"
    return None

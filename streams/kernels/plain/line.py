"""The line: align → dedupe → consolidate → route → conflate of one shard, with its timers. What the product does.

A record, or a second timer, is a *cause*. First everything it changes is changed; then each tier and symbol it concerns
gets one update: symbols in order of their first appearance in the shard, tiers in the order of the tiers file.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from streams.kernels.plain.align import Mark, Moment, in_order
from streams.kernels.plain.conflate import Cause, Conflate, Resume
from streams.kernels.plain.consolidate import Book, Quote, Standing, consolidate
from streams.kernels.plain.dedupe import Dedupe
from streams.kernels.plain.events import Event, SessionEvent, TickEvent, UndecodableEvent
from streams.kernels.plain.lead import Lead
from streams.kernels.plain.liveness import Liveness
from streams.kernels.plain.members import Members, Order
from streams.kernels.plain.outputs import DeadLetter, Output
from streams.kernels.plain.quality import Quality
from streams.kernels.plain.quarantine import Quarantine
from streams.kernels.plain.route import Route
from streams.kernels.plain.rules import SECOND_US, Rules
from tierfeed.domain.selection import Contest
from tierfeed.domain.symbols import CANONICAL
from tierfeed.domain.tiers import Tier
from tierfeed.domain.words import Drop, SessionKind

Changes = defaultdict[str, set[str]]
"""Symbol → the brokers whose part in its composites has changed, or the tiers that have others now."""

NO_CHANGES: Changes = defaultdict(set)


class Line:
    """One shard. Give it the records in the order of `align`; it answers with the outputs in order."""

    def __init__(
        self,
        brokers: Iterable[str],
        tiers: Sequence[Tier],
        rules: Rules,
        *,
        epoch: int = 0,
        clock: Callable[[], int] | None = None,
        resume: Resume | None = None,
        orders: Sequence[Order] = (),
    ) -> None:
        self.brokers = sorted(brokers)
        self.rules = rules
        self.liveness = Liveness(rules.heartbeat_timeout_us)
        self.dedupe = Dedupe(rules, self.liveness)
        self.quarantine = Quarantine(rules)
        self.book = Book()
        self.members = Members(self.brokers, tiers, orders)
        self.route = Route(self.members, tiers)
        self.conflate = Conflate(tiers, epoch=epoch, clock=clock, resume=resume)
        self.quality = Quality(self.brokers, epoch=epoch)
        self.lead = Lead(self.brokers, tiers, rules, self.members)
        for (tier, symbol), was in resume.released.items() if resume else ():
            since_s, switched_s = (
                None if us is None else us // SECOND_US for us in (was.lead_since, was.lead_switched)
            )
            contest = Contest(broker=was.lead, since_s=since_s, switched_s=switched_s)
            self.lead.resume(tier, symbol, contest, was.as_of_time)
        self.symbols = dict.fromkeys(symbol for _, symbol in resume.released) if resume else {}
        self.offsets: dict[str, int] = {}
        self.marks = {broker: Mark() for broker in self.brokers}
        self.now_us: int | None = None
        self.next_second_us = 0

    def apply(self, event: Event) -> list[Output]:
        """Apply the next record, the timers before it first."""
        self.marks[event.broker].see(event)
        if isinstance(event, UndecodableEvent):
            self.offsets[event.broker] = event.offset
            return [DeadLetter(broker=event.broker, offset=event.offset, reason=event.reason)]
        now_us = event.time_us if self.now_us is None else max(self.now_us, event.time_us)
        self.next_second_us = self.next_second_us or _second_after(now_us)
        out = self.advance(now_us)
        self.now_us = now_us
        self.offsets[event.broker] = event.offset
        changes: Changes = defaultdict(set)
        if isinstance(event, TickEvent):
            out += self._tick(event, changes, now_us)
        else:
            self._session(event, changes, now_us)
        return out + self._updates(changes, Cause(now_us, event.broker, event.offset))

    def advance(self, to_us: int) -> list[Output]:
        """Fire the timers due by `to_us`: the caller knows that no earlier record will come."""
        out: list[Output] = []
        while (at_us := self._next_timer_us()) is not None and at_us <= to_us:
            out += self._fire(at_us)
        if self.now_us is not None and self.next_second_us < (after_us := _second_after(to_us)):
            # Seconds in which nothing is alive pass unnoticed; but who is admitted then and who is not is known.
            self._muster(after_us - SECOND_US)
            self.next_second_us = after_us
        return out

    def finish(self) -> list[Output]:
        """The input is at its end. With sessions open, time stops where the least of them was last heard.

        With none open what waits is released and the last windows are closed, but time does not run on until quotes
        expire: no session's clock has said that it passed.
        """
        safe_us: Moment = min((mark.bound(at_end=True) for mark in self.marks.values()), default=math.inf)
        last_us = max((mark.effective_us for mark in self.marks.values()), default=-math.inf)
        if math.isinf(last_us):
            return []
        if math.isfinite(safe_us):
            return self.advance(int(safe_us))
        out = self.advance(_second_after(int(last_us)))
        while (due_us := self.conflate.next_due_us()) is not None:
            out += self.conflate.release_due(due_us)
        return out

    def _next_timer_us(self) -> int | None:
        due_us = self.conflate.next_due_us()
        if due_us is None and not (self.liveness.any() or self.book.any() or self.quality.any()):
            return None
        return self.next_second_us if due_us is None else min(self.next_second_us, due_us)

    def _fire(self, at_us: int) -> list[Output]:
        self.now_us = max(self.now_us or 0, at_us)
        out: list[Output] = []
        if at_us == self.next_second_us:
            self.next_second_us += SECOND_US
            out += self._second(at_us)
        return out + self.conflate.release_due(at_us)

    def _second(self, at_us: int) -> list[Output]:
        """Let brokers in and out, close the quality windows, let silent brokers and old quotes go, judge who leads."""
        moved = self._muster(at_us)
        symbols = list(self.symbols)
        windows = self.quality.close(at_us, symbols)
        changes: Changes = defaultdict(set)
        for broker in self.liveness.sweep(at_us):
            self._broker_changed(broker, changes)
        for symbol, broker in self.book.forget_older(self.rules.quote_lifetime_us, at_us):
            self.quarantine.forget(symbol, broker)
            changes[symbol].add(broker)
        self.lead.judge(at_us, symbols, windows, self.liveness.live, lambda s, b: self.book.get(s, b) is not None)
        return [*windows, *self._updates(changes, Cause(at_us), moved)]

    def _muster(self, at_us: int) -> Changes:
        """Which tiers have got or lost a broker whose quote of the symbol is held."""
        moved: Changes = defaultdict(set)
        for tier, broker in self.members.muster(at_us):
            self.lead.move(tier, broker)
            for symbol in self.book.symbols_of(broker):
                moved[symbol].add(tier)
        return moved

    def _session(self, event: SessionEvent, changes: Changes, now_us: int) -> None:
        self.dedupe.hear(event.broker, event.stream, now_us)
        if event.kind is SessionKind.HEARTBEAT:
            self.quality.heartbeat(event.broker, now_us)
        if event.kind is SessionKind.SESSION_END:
            changed = self.liveness.end(event.broker, event.stream)
        else:
            changed = self.liveness.beat(event.broker, event.stream, now_us)
        if changed:
            self._broker_changed(event.broker, changes)

    def _tick(self, tick: TickEvent, changes: Changes, now_us: int) -> list[Output]:
        self.dedupe.hear(tick.broker, tick.stream, now_us)
        if self.liveness.beat(tick.broker, tick.stream, now_us):
            self._broker_changed(tick.broker, changes)
        held = self.book.get(tick.symbol, tick.broker)
        verdict = self.dedupe.judge(tick, held, now_us)
        quarantined = False
        if verdict.outcome is Drop.UNCHANGED and held is not None:
            held.event_time, held.received_time = tick.event_time, now_us
        elif verdict.outcome is Drop.APPLIED:
            quarantined = self._hold(tick, held, changes, now_us)
        if CANONICAL.fullmatch(tick.symbol):
            self.symbols.setdefault(tick.symbol)
            self.quality.count(tick, verdict, quarantined=quarantined)
        if verdict.outcome is Drop.INVALID:
            return [DeadLetter(broker=tick.broker, offset=tick.offset, reason=verdict.reason)]
        return []

    def _hold(self, tick: TickEvent, held: Quote | None, changes: Changes, now_us: int) -> bool:
        """Make the tick the broker's quote. Is it in quarantine?"""
        others = [(broker, quote) for broker, quote in self.book.of_symbol(tick.symbol) if broker != tick.broker]
        doubted = self.quarantine.doubts(tick, held, (quote for b, quote in others if self.liveness.live(b)))
        sides = tick.bid, tick.ask, tick.bid_size, tick.ask_size
        self.book.hold(tick.symbol, tick.broker, Quote(*sides, tick.event_time, now_us, doubted))
        changes[tick.symbol].add(tick.broker)
        if not doubted:
            self.quarantine.believe(tick)
            if tick.two_sided:
                changes[tick.symbol] |= self.quarantine.release(tick.symbol, others, (tick.bid + tick.ask) / 2)
        return doubted

    def _broker_changed(self, broker: str, changes: Changes) -> None:
        for symbol in self.book.symbols_of(broker):
            changes[symbol].add(broker)

    def _updates(self, changes: Changes, cause: Cause, moved: Changes = NO_CHANGES) -> list[Output]:
        out: list[Output] = []
        for symbol in (symbol for symbol in self.symbols if symbol in changes or symbol in moved):
            for tier, brokers in self.route.concerned(symbol, changes.get(symbol, set()), moved.get(symbol, set())):
                covered = self.conflate.covered_sources(tier.name, symbol)
                standings = [self._standing(symbol, broker, covered) for broker in brokers]
                contest = self.lead.of(tier.name, symbol)
                out += self.conflate.update(tier, consolidate(symbol, standings, cause.at_us, contest), cause)
        return out

    def _standing(self, symbol: str, broker: str, covered: Mapping[str, int]) -> Standing:
        offset = max((of[broker] for of in (self.offsets, covered) if broker in of), default=None)
        return Standing(broker, self.liveness.live(broker), self.book.get(symbol, broker), offset)


def reference(
    events_by_broker: Mapping[str, Sequence[Event]],
    tiers: Sequence[Tier],
    rules: Rules,
    *,
    epoch: int = 0,
    resume: Resume | None = None,
    orders: Sequence[Order] = (),
) -> list[Output]:
    """The whole input at once, in tape mode: what any way of processing it must come to. Keys: the deployment."""
    line = Line(events_by_broker, tiers, rules, epoch=epoch, resume=resume, orders=orders)
    out = [output for event in in_order(events_by_broker) for output in line.apply(event)]
    return out + line.finish()


def _second_after(at_us: int) -> int:
    return at_us // SECOND_US * SECOND_US + SECOND_US

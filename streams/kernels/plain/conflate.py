"""Conflate: number every update, release at most one per interval, and always the last.

The first value goes at once; what comes within the interval waits, each newer value replacing the one before; when the
interval ends, a timer releases the last.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields

from streams.kernels.plain.outputs import Composite, Output, TierControlOut, TierQuote
from tierfeed.domain.tiers import Tier
from tierfeed.domain.words import ControlKind, QuoteState


@dataclass(frozen=True, slots=True)
class Cause:
    """What makes composites change: the record at `offset` of the broker's partition, or (no broker) a timer."""

    at_us: int
    broker: str | None = None
    offset: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """What is known of the newest record of a tier and symbol: enough for another worker to go on from there."""

    upto_sequence: int
    as_of_time: int
    last_release: int
    sources: Mapping[str, int]
    state: QuoteState
    lead: str | None = None
    lead_since: int | None = None
    lead_switched: int | None = None

    @classmethod
    def of(cls, record: TierQuote) -> "Released":
        return cls(
            upto_sequence=record.upto_sequence,
            as_of_time=record.as_of_time,
            last_release=record.published_time,
            sources={source.broker: source.offset for source in record.sources},
            state=record.state,
            lead=record.lead_broker,
            lead_since=record.lead_since,
            lead_switched=record.lead_switched,
        )

    def covers(self, cause: Cause, tier: Tier) -> bool:
        """Had the cause been applied when the tier's record was made?

        Exact, because one cause makes at most one update of a tier and symbol. But `sources` do not tell of brokers
        that the tier did not have, whose ticks may release a quote from quarantine, and which may have been admitted
        since: such a one counts as covered if the record was caused by something else in the same microsecond.
        """
        if cause.broker is None or (cause.broker not in tier.brokers and cause.broker not in self.sources):
            return cause.at_us <= self.as_of_time
        return cause.offset <= self.sources.get(cause.broker, -1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume:
    """Where another worker stopped: the newest record of each (tier, symbol), in order of their release.

    `settled_us`, by tier: everything due before then had been released. So an update due before then that no record
    covers never was one; it only looks like one, because the rewind begins after the quote it merely repeats.
    """

    released: Mapping[tuple[str, str], Released]
    settled_us: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Slot:
    """One symbol of one tier. `turn` orders equal due times: the first released is the first due again."""

    newest: Released | None = None
    resumed: Released | None = None
    turn: int = -1
    updates: int = 0
    pending: Composite | None = None
    spreads: list[float] = field(default_factory=list)
    mids: list[float] = field(default_factory=list)

    def due_us(self, interval_us: int, as_of_us: int) -> int:
        return as_of_us if self.newest is None else self.newest.last_release + interval_us


class Conflate:
    """`clock` is None on a tape, where a record is released exactly when it is due; live it may be later."""

    def __init__(
        self,
        tiers: Sequence[Tier],
        *,
        epoch: int = 0,
        clock: Callable[[], int] | None = None,
        resume: Resume | None = None,
    ) -> None:
        self._tiers = {tier.name: tier for tier in tiers}
        self._epoch = epoch
        self._clock = clock
        self._settled_us = resume.settled_us if resume else {}
        self._slots: dict[tuple[str, str], _Slot] = {}
        self._turns = 0
        for key, released in resume.released.items() if resume else ():
            self._slots[key] = _Slot(released, released, self._turns, released.upto_sequence)
            self._turns += 1

    def updates(self, tier: str, symbol: str) -> int:
        """How many updates have been numbered."""
        return self._slots[tier, symbol].updates if (tier, symbol) in self._slots else 0

    def covered_sources(self, tier: str, symbol: str) -> Mapping[str, int]:
        """Offsets that had been applied where another worker stopped; a rewind may begin after them."""
        slot = self._slots.get((tier, symbol))
        return slot.resumed.sources if slot is not None and slot.resumed is not None else {}

    def update(self, tier: Tier, composite: Composite, cause: Cause) -> list[Output]:
        """Number a new composite and release it, or keep it until it is due."""
        slot = self._slots.setdefault((tier.name, composite.symbol), _Slot())
        due_us = slot.due_us(tier.interval_us, composite.as_of_time)
        if slot.resumed is not None and (slot.resumed.covers(cause, tier) or self._settled(tier, cause, due_us)):
            return []
        slot.updates += 1
        slot.pending = composite
        if composite.mid is not None and composite.spread is not None:
            slot.mids.append(composite.mid)
            slot.spreads.append(composite.spread)
        return self._release(tier, slot, composite) if cause.at_us >= due_us else []

    def next_due_us(self) -> int | None:
        """When the next waiting composite is due; None where none waits."""
        return min((due_us for due_us, *_ in self._waiting()), default=None)

    def release_due(self, now_us: int) -> list[Output]:
        """Release what is due, tier by tier, within a tier in order of becoming due."""
        out = []
        for tier in self._tiers.values():
            due = [entry for entry in self._waiting() if entry[0] <= now_us and entry[2] is tier]
            for *_, slot, pending in sorted(due, key=lambda entry: entry[:2]):
                out += self._release(tier, slot, pending)
        return out

    def _settled(self, tier: Tier, cause: Cause, due_us: int) -> bool:
        return tier.name in self._settled_us and max(cause.at_us, due_us) < self._settled_us[tier.name]

    def _waiting(self) -> list[tuple[int, int, Tier, _Slot, Composite]]:
        return [
            (slot.due_us(tier.interval_us, slot.pending.as_of_time), slot.turn, tier, slot, slot.pending)
            for (name, _), slot in self._slots.items()
            if slot.pending is not None and (tier := self._tiers[name])
        ]

    def _release(self, tier: Tier, slot: _Slot, composite: Composite) -> list[Output]:
        due_us = slot.due_us(tier.interval_us, composite.as_of_time)
        before = slot.newest
        record = TierQuote(
            **{part.name: getattr(composite, part.name) for part in fields(composite)},
            tier=tier.name,
            due_time=due_us,
            published_time=max(composite.as_of_time, due_us, self._clock() if self._clock else due_us),
            conflated_count=slot.updates - (before.upto_sequence if before else 0) - 1,
            upto_sequence=slot.updates,
            epoch=self._epoch,
            spread_min=min(slot.spreads, default=None),
            spread_max=max(slot.spreads, default=None),
            mid_low=min(slot.mids, default=None),
            mid_high=max(slot.mids, default=None),
            conflation_us=max(due_us - composite.as_of_time, 0),
        )
        slot.newest, slot.turn, slot.pending = Released.of(record), self._turns, None
        slot.spreads, slot.mids = [], []
        self._turns += 1
        return _told(record, before)


def _told(record: TierQuote, before: Released | None) -> list[Output]:
    """The record, STALE right after the one that says so, FRESH right before the one that ends it."""
    was_stale, is_stale = before is not None and before.state is QuoteState.STALE, record.state is QuoteState.STALE
    if is_stale and not was_stale:
        statuses = sorted({broker.status for broker in record.brokers})
        return [record, _control(ControlKind.STALE, record, ",".join(status.name for status in statuses))]
    return [_control(ControlKind.FRESH, record, None), record] if was_stale and not is_stale else [record]


def _control(kind: ControlKind, record: TierQuote, reason: str | None) -> TierControlOut:
    time, epoch = record.published_time, record.epoch
    return TierControlOut(kind=kind, tier=record.tier, symbol=record.symbol, time=time, epoch=epoch, reason=reason)

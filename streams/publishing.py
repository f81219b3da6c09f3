"""Released records and closed windows, encoded and handed to Kafka, in order, per tier topic and shard."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from infra import metrics
from infra.metrics import Metric
from infra.producer import BatchProducer
from schemas import catalogue, topics
from schemas.catalogue import schema
from schemas.codec import Pool, RowEncoder
from streams.gaps import Gap, Gaps
from streams.kernels.state import NEVER, NO_SYMBOL, SECOND_US, Records, Rows, Rules
from streams.layouts import WINDOW_LAYOUT, quote_layout
from streams.reading import Poison
from streams.shard import BEHIND_US
from tierfeed.domain.tiers import Tier
from tierfeed.domain.words import BrokerStatus, ControlKind

Longs = npt.NDArray[np.int64]

OPENED, CLOSED = "opened", "closed"
NO_SYMBOL_NAME = ""
STAGE = "stream"
FIRST, BETWEEN, LAST = range(3)
"""Of control records between the same two quotes: one that belongs to the quote before, none, or the quote behind."""
GAPS_AGAIN_US = BEHIND_US + SECOND_US
"""Live, a tick counts for the second in which it arrived, up to two after it was received; when it is read again, for
the one in which it was received. The gap that it tells may then seem to be of a second that was told whole."""

Known = tuple[int, str | None, int, int, str]
"""A gap as its readers have it: tier, symbol, from, to, cause."""


@dataclass(slots=True)
class Told:
    """What earlier workers have said of one shard."""

    heartbeats_us: dict[int, int] = field(default_factory=dict)
    """Per tier, the newest: what was due before it is on that tier's topic. Of the other topics it says nothing."""
    reached_us: dict[int, int] = field(default_factory=dict)
    """Per tier, the newest heartbeat or `as_of_time` of a quote: gaps told of seconds before it are on its topic."""
    gaps: set[Known] = field(default_factory=set)
    """Those that were met."""
    windows_after: int | None = None
    windows_at: frozenset[tuple[str, str]] = frozenset()


class _Control(NamedTuple):
    """A control record between a tier's quotes: before the one at `cut`, and in which order with others there."""

    cut: int
    order: int
    kind: ControlKind
    time_us: int
    symbol: str | None
    reason: str | None = None
    from_us: int | None = None
    to_us: int | None = None

    def place(self) -> tuple[int, int]:
        return self.cut, self.order


class Publisher:
    """Writes what one shard releases. `epoch` is the worker's incarnation for it."""

    def __init__(
        self,
        producer: BatchProducer,
        partition: int,
        brokers: Sequence[str],
        tiers: Sequence[Tier],
        symbols: Sequence[str],
        ids: dict[str, int],
        rules: Rules,
    ) -> None:
        self._producer, self._partition, self._ids = producer, partition, ids
        self._brokers, self._tiers, self._symbols = tuple(brokers), tuple(tiers), symbols
        self._topics = [topics.tier(tier.name) for tier in tiers]
        self._pools = {"broker": Pool.of(brokers), "symbol": Pool.of(())}
        self._keys: list[bytes] = []
        self._member_counts = [sum(b in brokers for b in (*tier.brokers, *tier.emergency)) for tier in tiers]
        """At most."""
        self._encoders = [
            RowEncoder(schema(tier.record), quote_layout(len(brokers), members), ids[tier.record])
            for tier, members in zip(tiers, self._member_counts, strict=True)
        ]
        self._windows = RowEncoder(schema("QualityWindow"), WINDOW_LAYOUT, ids["QualityWindow"])
        self._shortest_first = sorted(range(len(tiers)), key=lambda t: tiers[t].interval_us)
        """The order in which tiers are served: those of a short interval are those with little time to spare."""
        self._said = [int(NEVER)] * len(tiers)
        self.epoch = 0
        self.published_us: Callable[[], int | None] = lambda: None
        """The sessions' clock when records are handed over; None where the data's own time is the clock."""
        self.has: Callable[[int, int], bool] = lambda t, b: self._brokers[b] in self._tiers[t].brokers
        """Whether a broker is one of a tier's now, its own or admitted."""
        self._handed_us = int(NEVER)
        self._windows_after = int(NEVER)
        self._windows_at: frozenset[tuple[str, str]] = frozenset()
        self.gaps = Gaps(len(brokers), rules)
        self._gaps_after = [int(NEVER)] * len(tiers)
        self._gaps_told: set[Known] = set()

    def resume(self, told: Told) -> None:
        """Say nothing that an earlier worker has said: heartbeats and windows up to its last, and gaps.

        Those of its last seconds come again unless they were met: rather twice than never.
        """
        for t, us in told.heartbeats_us.items():
            self._said[t] = us
        self._windows_after = int(NEVER) if told.windows_after is None else told.windows_after
        self._windows_at = told.windows_at
        for t, us in told.reached_us.items():
            self._gaps_after[t] = us - GAPS_AGAIN_US
        self._gaps_told = told.gaps

    def emit(self, rows: Rows) -> int | None:
        """Publish what the kernels have put out; tells when, None on tape time."""
        if len(self._pools["symbol"]) != len(self._symbols) + 1:
            self._pools["symbol"] = Pool.of((*self._symbols, NO_SYMBOL_NAME))
            self._keys = [name.encode() for name in self._symbols]
        n, windows = rows.n.tolist()
        clock = self.published_us()
        gaps = self.gaps.find(rows.windows[:windows]) if windows else []
        if n or gaps:
            quotes, brokers = rows.quotes[:n], rows.brokers[:n]
            quotes["epoch"] = self.epoch
            if clock is None:
                quotes["published"] = quotes["released"]
            else:
                # A collector's clock may be ahead of this one's: nothing is published before what caused it.
                clock = self._handed_us = max(clock, self._handed_us, int(quotes["released"].max(initial=NEVER)))
                quotes["published"] = clock
            of_tier = quotes["tier"]
            for t in self._shortest_first:
                picked = (of_tier == t).nonzero()[0]
                controls = self._gaps_of(t, gaps, quotes["as_of"][picked]) if gaps else []
                if len(picked):
                    self._emit_quotes(t, quotes, brokers, picked, controls)
                else:
                    self._emit_between(t, [], controls)
        if windows:
            self._emit_windows(rows.windows[:windows])
        return clock

    # -- quotes

    def _emit_quotes(self, t: int, quotes: Records, brokers: Records, picked: Longs, controls: list[_Control]) -> None:
        keys = self._keys
        payloads = self._encoders[t].encode(quotes, picked, self._pools, brokers)
        messages = [
            {"key": keys[s], "value": value}
            for s, value in zip(quotes["symbol"][picked].tolist(), payloads, strict=True)
        ]
        changes = quotes["control"][picked].nonzero()[0].tolist()
        controls += [self._of_state(t, i, quotes[picked[i]], brokers[picked[i]]) for i in changes]
        self._emit_between(t, messages, controls)
        metrics.count(Metric.TIER_RECORDS, len(messages), tier=self._tiers[t].name)
        metrics.count(Metric.UPDATES_CONFLATED, int(quotes["conflated"][picked].sum()), tier=self._tiers[t].name)

    def _emit_between(self, t: int, messages: list[dict[str, bytes]], controls: list[_Control]) -> None:
        """Send quotes, and each control record where it belongs among them."""
        start = 0
        for control in sorted(controls, key=_Control.place) if controls else ():
            if control.cut > start:
                self._producer.send_batch(self._topics[t], self._partition, messages[start : control.cut])
                start = control.cut
            self._control(t, control)
        if start < len(messages):
            self._producer.send_batch(self._topics[t], self._partition, messages[start:] if start else messages)

    def _of_state(self, t: int, i: int, quote: Any, brokers: Records) -> _Control:
        """STALE right behind its record, FRESH right before it."""
        symbol, released = self._symbols[quote["symbol"]], int(quote["released"])
        if quote["control"] == ControlKind.FRESH:
            return _Control(i, LAST, ControlKind.FRESH, released, symbol)
        there = brokers[: self._member_counts[t]]
        statuses = {BrokerStatus(code).name for code in there["status"][there["broker"] >= 0].tolist()}
        return _Control(i + 1, FIRST, ControlKind.STALE, released, symbol, ",".join(sorted(statuses)))

    # -- control records

    def _gaps_of(self, t: int, gaps: Iterable[Gap], as_of: Longs) -> list[_Control]:
        """GAP, before the first quote that is not earlier than the end of the window that tells it.

        So whoever takes over knows by the newest quote or heartbeat up to which second the gaps are there: the windows
        are on another topic, and say nothing of this one after a `kill -9`. Brokers are not named, and what is missing
        of two of them alike is told once.
        """
        tier, found = self._tiers[t], dict[Known, _Control]()
        for told_us, b, s, from_us, to_us, cause in gaps:
            symbol = None if s == NO_SYMBOL else self._symbols[s]
            if not self.has(t, b) or (symbol is not None and not tier.carries(symbol)):
                continue
            gap = (t, symbol, from_us, to_us, cause.value)
            if told_us > self._gaps_after[t] and gap not in self._gaps_told:
                later = (as_of >= told_us).nonzero()[0]
                cut = int(later[0]) if len(later) else len(as_of)
                found[gap] = _Control(cut, BETWEEN, ControlKind.GAP, told_us, symbol, cause.value, from_us, to_us)
        return list(found.values())

    def _control(self, t: int, control: _Control) -> None:
        """Tell the readers of a tier's partition something, in order with its quotes."""
        record = {
            "kind": control.kind.name,
            "tier": self._tiers[t].name,
            "symbol": control.symbol,
            "time": control.time_us,
            "epoch": self.epoch,
            "reason": control.reason,
            "from_time": control.from_us,
            "to_time": control.to_us,
        }
        value = catalogue.encode("TierControl", record, self._ids["TierControl"])
        headers = [("kind", b"TierControl")]
        self._producer.send(self._topics[t], self._partition, value, headers=headers)

    def announce(self, reason: str, time_us: int) -> None:
        """SESSION on every tier: this epoch begins, or ends and needs not be waited for."""
        for t in range(len(self._tiers)):
            self._control(t, _Control(0, FIRST, ControlKind.SESSION, time_us, None, reason))

    def heartbeat(self, time_us: int | None) -> None:
        """HEARTBEAT on every tier once the shard's time has reached another whole second."""
        if time_us is None:
            return
        second = time_us // SECOND_US * SECOND_US
        for t, said in enumerate(self._said):
            if second > said:
                self._said[t] = second
                self._control(t, _Control(0, FIRST, ControlKind.HEARTBEAT, second, None))

    # -- quality and dead letters

    def _emit_windows(self, rows: Records) -> None:
        names = (*self._symbols, NO_SYMBOL_NAME)
        rows["symbol"][rows["symbol"] == NO_SYMBOL] = len(self._symbols)
        fresh = rows["start"] >= self._windows_after
        if self._windows_at and (at := rows["start"] == self._windows_after).any():
            for i in at.nonzero()[0].tolist():
                fresh[i] = (self._brokers[rows["broker"][i]], names[rows["symbol"][i]]) not in self._windows_at
        picked = fresh.nonzero()[0]
        if not len(picked):
            return
        rows["epoch"] = self.epoch
        self._count_drops(rows[picked])
        payloads = self._windows.encode(rows, picked, self._pools)
        keys = zip(rows["broker"][picked].tolist(), rows["symbol"][picked].tolist(), strict=True)
        messages = [
            {"key": f"{self._brokers[b]}|{names[s]}".encode(), "value": value}
            for (b, s), value in zip(keys, payloads, strict=True)
        ]
        self._producer.send_batch(topics.QUALITY, self._partition, messages)

    def _count_drops(self, rows: Records) -> None:
        for reason, name in DROP_COUNTERS.items():
            counts = rows[name]
            if counts.any():
                totals = np.bincount(rows["broker"], counts, len(self._brokers)).astype(np.int64).tolist()
                for b in np.flatnonzero(totals).tolist():
                    metrics.count(Metric.TICKS_DROPPED, totals[b], broker=self._brokers[b], reason=reason)

    def dead_letter(self, topic: str, poison: Poison) -> None:
        """The bytes as they came, to the topic's dead letters."""
        headers = [
            ("error", poison.reason.encode()),
            ("stage", STAGE.encode()),
            ("source_topic", topic.encode()),
            ("source_partition", str(self._partition).encode()),
            ("source_offset", str(poison.offset).encode()),
        ]
        self._producer.send(topics.dlq(topic), self._partition, poison.value, poison.key, headers)
        metrics.count(Metric.DEAD_LETTERS, stage=STAGE, topic=topic)


DROP_COUNTERS = {
    "duplicate": "duplicates",
    "line_duplicate": "line_duplicates",
    "unchanged": "unchanged",
    "late": "late",
    "backfilled": "backfilled",
    "invalid": "invalid",
}

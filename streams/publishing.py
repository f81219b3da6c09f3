"""Released records and closed windows, encoded and handed to Kafka, in order, per tier topic and shard."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from infra import metrics
from infra.metrics import Metric
from infra.producer import BatchProducer
from schemas import catalogue, topics
from schemas.catalogue import schema
from schemas.codec import Layout, Pool, RowEncoder
from streams.kernels.state import BROKER_ROW, NEVER, NO_SYMBOL, QUALITY_ROW, QUOTE_ROW, SECOND_US, Records, Rows
from streams.reading import Poison
from tierfeed.domain.tiers import Tier
from tierfeed.domain.words import BrokerStatus, ControlKind

Longs = npt.NDArray[np.int64]

OPENED, CLOSED = "opened", "closed"
NO_SYMBOL_NAME = ""
STAGE = "stream"


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
    ) -> None:
        self._producer, self._partition, self._ids = producer, partition, ids
        self._brokers, self._tiers, self._symbols = tuple(brokers), tuple(tiers), symbols
        self._topics = [topics.tier(tier.name) for tier in tiers]
        self._pools = {"broker": Pool.of(brokers), "symbol": Pool.of(())}
        self._keys: list[bytes] = []
        self._member_counts = [sum(name in brokers for name in tier.brokers) for tier in tiers]
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
        self._handed_us = int(NEVER)
        self._windows_after = int(NEVER)
        self._windows_at: frozenset[tuple[str, str]] = frozenset()

    def resume(
        self, heartbeats_us: Mapping[int, int], windows_after: int | None, windows_at: frozenset[tuple[str, str]]
    ) -> None:
        """Say nothing that an earlier worker has said: heartbeats and windows up to its last."""
        for t, us in heartbeats_us.items():
            self._said[t] = us
        self._windows_after = int(NEVER) if windows_after is None else windows_after
        self._windows_at = windows_at

    def emit(self, rows: Rows) -> int | None:
        """Publish what the kernels have put out; tells when, None on tape time."""
        if len(self._pools["symbol"]) != len(self._symbols) + 1:
            self._pools["symbol"] = Pool.of((*self._symbols, NO_SYMBOL_NAME))
            self._keys = [name.encode() for name in self._symbols]
        n, windows = rows.n.tolist()
        clock = self.published_us()
        if n:
            quotes, brokers = rows.quotes[:n], rows.brokers[:n]
            quotes["epoch"] = self.epoch
            if clock is None:
                quotes["published"] = quotes["released"]
            else:
                # A collector's clock may be ahead of this one's: nothing is published before what caused it.
                clock = self._handed_us = max(clock, self._handed_us, int(quotes["released"].max()))
                quotes["published"] = clock
            of_tier = quotes["tier"]
            for t in self._shortest_first:
                picked = (of_tier == t).nonzero()[0]
                if len(picked):
                    self._emit_quotes(t, quotes, brokers, picked)
        if windows:
            self._emit_windows(rows.windows[:windows])
        return clock

    # -- quotes

    def _emit_quotes(self, t: int, quotes: Records, brokers: Records, picked: Longs) -> None:
        tier, topic, keys = self._tiers[t].name, self._topics[t], self._keys
        payloads = self._encoders[t].encode(quotes, picked, self._pools, brokers)
        messages = [
            {"key": keys[s], "value": value}
            for s, value in zip(quotes["symbol"][picked].tolist(), payloads, strict=True)
        ]
        start = 0
        for i in quotes["control"][picked].nonzero()[0].tolist():
            start = self._emit_control(t, quotes[picked[i]], brokers[picked[i]], messages, (start, i))
        if start < len(messages):
            self._producer.send_batch(topic, self._partition, messages[start:] if start else messages)
        metrics.count(Metric.TIER_RECORDS, len(messages), tier=tier)
        metrics.count(Metric.UPDATES_CONFLATED, int(quotes["conflated"][picked].sum()), tier=tier)

    def _emit_control(
        self, t: int, quote: Any, brokers: Records, messages: list[dict[str, bytes]], span: tuple[int, int]
    ) -> int:
        """STALE behind its record, FRESH before it, in order with what is before; returns where to go on."""
        start, i = span
        stale = quote["control"] == ControlKind.STALE
        cut = i + 1 if stale else i
        if cut > start:
            self._producer.send_batch(self._topics[t], self._partition, messages[start:cut])
        kind = ControlKind.STALE if stale else ControlKind.FRESH
        statuses = {BrokerStatus(code).name for code in brokers["status"][: self._member_counts[t]].tolist()}
        reason = ",".join(sorted(statuses)) if stale else None
        self.control(t, kind, int(quote["released"]), symbol=self._symbols[quote["symbol"]], reason=reason)
        return cut

    # -- control records

    def control(
        self, t: int, kind: ControlKind, time_us: int, *, symbol: str | None = None, reason: str | None = None
    ) -> None:
        """Tell the readers of a tier's partition something, in order with its quotes."""
        record = {
            "kind": kind.name,
            "tier": self._tiers[t].name,
            "symbol": symbol,
            "time": time_us,
            "epoch": self.epoch,
            "reason": reason,
        }
        value = catalogue.encode("TierControl", record, self._ids["TierControl"])
        headers = [("kind", b"TierControl")]
        self._producer.send(self._topics[t], self._partition, value, headers=headers)

    def announce(self, reason: str, time_us: int) -> None:
        """SESSION on every tier: this epoch begins, or ends and needs not be waited for."""
        for t in range(len(self._tiers)):
            self.control(t, ControlKind.SESSION, time_us, reason=reason)

    def heartbeat(self, time_us: int | None) -> None:
        """HEARTBEAT on every tier once the shard's time has reached another whole second."""
        if time_us is None:
            return
        second = time_us // SECOND_US * SECOND_US
        for t, said in enumerate(self._said):
            if second > said:
                self._said[t] = second
                self.control(t, ControlKind.HEARTBEAT, second)

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

QUOTE_NAMES = {
    "as_of_time": "as_of",
    "due_time": "due",
    "published_time": "published",
    "conflated_count": "conflated",
    "upto_sequence": "upto",
    "bid_age_us": "bid_age",
    "ask_age_us": "ask_age",
    "eligible_brokers": "eligible",
    "quarantined_brokers": "quarantined",
    "feed_latency_us": "feed_latency",
    "conflation_us": "conflation",
    "sources.offset": "source",
}
"""Where the kernels' name for a field is a shorter one."""
QUOTE_POOLS = {
    "symbol": "symbol",
    "bid_broker": "broker",
    "ask_broker": "broker",
    "lead_broker": "broker",
    "sources.broker": "broker",
    "brokers.broker": "broker",
}
WINDOW_LAYOUT = Layout(
    record=QUALITY_ROW,
    names={
        "window_start": "start",
        "last_received_time": "last_received",
        "latency_p50_us": "p50",
        "latency_p95_us": "p95",
        "latency_p99_us": "p99",
        "latency_max_us": "highest",
    },
    pools={"broker": "broker", "symbol": "symbol"},
    absent=NEVER,
)


def quote_layout(brokers: int, members: int) -> Layout:
    """Of a tier with so many of the shard's brokers for members."""
    return Layout(
        record=QUOTE_ROW,
        names=QUOTE_NAMES,
        items=BROKER_ROW,
        item_room=brokers,
        item_count=members,
        only={"sources": "sources.offset"},
        pools=QUOTE_POOLS,
        absent=NEVER,
    )

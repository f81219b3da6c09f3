"""Released records and closed windows, encoded and handed to Kafka, in order, per tier topic and shard."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from infra import metrics
from infra.metrics import Metric
from infra.producer import BatchProducer
from schemas import catalogue, topics
from schemas.catalogue import schema
from schemas.codec import Encoder, Nullable, Pool, Repeated, Strings
from streams.kernels import state as st
from streams.kernels.state import NEVER, Records, Rows
from streams.reading import Poison
from tierfeed.domain.tiers import Tier
from tierfeed.domain.words import BrokerStatus, ControlKind

OPENED, CLOSED = "opened", "closed"
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
        self._broker_pool = Pool.of(brokers)
        self._symbol_pool = Pool.of(())
        self._keys: list[bytes] = []
        self._encoders = {tier.record: Encoder(schema(tier.record), ids[tier.record]) for tier in tiers}
        self._windows = Encoder(schema("QualityWindow"), ids["QualityWindow"])
        self._members = [[brokers.index(name) for name in tier.brokers if name in brokers] for tier in tiers]
        self._said = [int(NEVER)] * len(tiers)
        self.epoch = 0
        self.published_us: Callable[[], int | None] = lambda: None
        """The sessions' clock when records are handed over; None where the data's own time is the clock."""
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
        if len(self._symbol_pool) != len(self._symbols):
            self._symbol_pool = Pool.of(self._symbols)
            self._keys = [name.encode() for name in self._symbols]
        n, windows = rows.n.tolist()
        clock = self.published_us()
        if n:
            quotes = rows.quotes[:n]
            for t in range(len(self._tiers)):
                chosen = np.flatnonzero(quotes["tier"] == t)
                if len(chosen):
                    self._emit_quotes(t, quotes[chosen], rows.brokers[chosen], clock)
        if windows:
            self._emit_windows(rows.windows[:windows], rows.counts[:windows])
        return clock

    # -- quotes

    def _emit_quotes(self, t: int, rows: Records, brokers: Records, clock: int | None) -> None:
        tier = self._tiers[t]
        topic = topics.tier(tier.name)
        payloads = self._encoders[tier.record].encode(len(rows), self._columns(t, rows, brokers, clock))
        keys = self._keys
        messages = [
            {"key": keys[s], "value": value} for s, value in zip(rows["symbol"].tolist(), payloads, strict=True)
        ]
        start = 0
        for i in np.flatnonzero(rows["control"]).tolist():
            stale = rows["control"][i] == ControlKind.STALE
            cut = i + 1 if stale else i
            if cut > start:
                self._producer.send_batch(topic, self._partition, messages[start:cut])
            kind = ControlKind.STALE if stale else ControlKind.FRESH
            statuses = {BrokerStatus(code).name for code in brokers["status"][i][: len(self._members[t])].tolist()}
            reason = ",".join(sorted(statuses)) if stale else None
            self.control(t, kind, int(rows["released"][i]), symbol=self._symbols[rows["symbol"][i]], reason=reason)
            start = cut
        if start < len(messages):
            self._producer.send_batch(topic, self._partition, messages[start:] if start else messages)
        metrics.count(Metric.TIER_RECORDS, len(messages), tier=tier.name)
        metrics.count(Metric.UPDATES_CONFLATED, int(rows["conflated"].sum()), tier=tier.name)

    def _columns(self, t: int, rows: Records, brokers: Records, clock: int | None) -> dict[str, Any]:
        n, tier = len(rows), self._tiers[t]
        published = rows["released"] if clock is None else np.full(n, clock)
        columns: dict[str, Any] = {
            "symbol": Strings(rows["symbol"], self._symbol_pool),
            "state": rows["state"],
            "as_of_time": rows["as_of"],
            "due_time": rows["due"],
            "published_time": published,
            "conflated_count": rows["conflated"],
            "upto_sequence": rows["upto"],
            "epoch": np.full(n, self.epoch),
            "sources": self._sources(t, brokers),
        }
        for name in ("bid", "ask", "mid"):
            columns[name] = _price(rows[name])
        for name in ("event_time", "received_time"):
            columns[name] = _time(rows[name])
        if tier.record != "FreeQuote":
            for name in ("spread", "spread_min", "spread_max", "mid_low", "mid_high"):
                columns[name] = _price(rows[name])
            columns |= {
                "bid_age_us": _time(rows["bid_age"]),
                "ask_age_us": _time(rows["ask_age"]),
                "eligible_brokers": rows["eligible"],
                "quarantined_brokers": rows["quarantined"],
            }
        if tier.record == "EnterpriseQuote":
            columns |= {
                "bid_broker": self._broker_name(rows["bid_broker"]),
                "ask_broker": self._broker_name(rows["ask_broker"]),
                "bid_size": _price(rows["bid_size"]),
                "ask_size": _price(rows["ask_size"]),
                "feed_latency_us": _time(rows["feed_latency"]),
                "conflation_us": np.maximum(rows["due"] - rows["as_of"], 0),
                "brokers": self._comparison(t, brokers),
            }
        return columns

    def _broker_name(self, codes: Any) -> Nullable:
        return Nullable(codes >= 0, Strings(np.maximum(codes, 0), self._broker_pool))

    def _sources(self, t: int, brokers: Records) -> Repeated:
        members = self._members[t]
        offsets = np.ascontiguousarray(brokers["source"][:, : len(members)])
        known = offsets >= 0
        codes = np.broadcast_to(np.array(members, dtype=np.int64), offsets.shape)
        return Repeated(
            known.sum(axis=1), {"broker": Strings(codes[known], self._broker_pool), "offset": offsets[known]}
        )

    def _comparison(self, t: int, brokers: Records) -> Repeated:
        members = self._members[t]
        items = brokers[:, : len(members)].reshape(-1)
        return Repeated(
            np.full(len(brokers), len(members)),
            {
                "broker": Strings(np.tile(np.array(members, dtype=np.int64), len(brokers)), self._broker_pool),
                "status": items["status"],
                **{name: _price(items[name]) for name in ("bid", "ask", "bid_size", "ask_size")},
                **{name: _time(items[name]) for name in ("event_time", "received_time")},
            },
        )

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
        self._producer.send(topics.tier(self._tiers[t].name), self._partition, value, headers=headers)

    def announce(self, reason: str, time_us: int) -> None:
        """SESSION on every tier: this epoch begins, or ends and needs not be waited for."""
        for t in range(len(self._tiers)):
            self.control(t, ControlKind.SESSION, time_us, reason=reason)

    def heartbeat(self, time_us: int | None) -> None:
        """HEARTBEAT on every tier once the shard's time has reached another whole second."""
        if time_us is None:
            return
        second = time_us // st.SECOND_US * st.SECOND_US
        for t, said in enumerate(self._said):
            if second > said:
                self._said[t] = second
                self.control(t, ControlKind.HEARTBEAT, second)

    # -- quality and dead letters

    def _emit_windows(self, rows: Records, counts: Any) -> None:
        fresh = rows["start"] >= self._windows_after
        if self._windows_at and (at := rows["start"] == self._windows_after).any():
            for i in np.flatnonzero(at).tolist():
                name = (self._brokers[rows["broker"][i]], self._symbols[rows["symbol"][i]])
                fresh[i] = name not in self._windows_at
        if not fresh.all():
            rows, counts = rows[fresh], counts[fresh]
        if not len(rows):
            return
        self._count_drops(rows, counts)
        payloads = self._windows.encode(len(rows), self._window_columns(rows, counts))
        keys = zip(rows["broker"].tolist(), rows["symbol"].tolist(), strict=True)
        messages = [
            {"key": f"{self._brokers[b]}|{self._symbols[s]}".encode(), "value": value}
            for (b, s), value in zip(keys, payloads, strict=True)
        ]
        self._producer.send_batch(topics.QUALITY, self._partition, messages)

    def _count_drops(self, rows: Records, counts: Any) -> None:
        for b in np.unique(rows["broker"]).tolist():
            totals = counts[rows["broker"] == b].sum(axis=0)
            for reason, counter in DROP_COUNTERS.items():
                if totals[counter]:
                    metrics.count(Metric.TICKS_DROPPED, int(totals[counter]), broker=self._brokers[b], reason=reason)

    def _window_columns(self, rows: Records, counts: Any) -> dict[str, Any]:
        columns: dict[str, Any] = {
            "broker": Strings(rows["broker"], self._broker_pool),
            "symbol": Strings(rows["symbol"], self._symbol_pool),
            "window_start": rows["start"],
            "heartbeats": rows["heartbeats"],
            "last_received_time": rows["last_received"],
            "epoch": np.full(len(rows), self.epoch),
        }
        for name, counter in COUNTER_NAMES.items():
            columns[name] = counts[:, counter]
        for name in ("spread_min", "spread_mean", "spread_max"):
            columns[name] = _price(rows[name])
        for name, source in (("p50", "p50"), ("p95", "p95"), ("p99", "p99"), ("max", "highest")):
            columns[f"latency_{name}_us"] = _time(rows[source])
        return columns

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


COUNTER_NAMES = {
    "ticks": st.N_TICKS,
    "applied": st.N_APPLIED,
    "duplicates": st.N_DUPLICATE,
    "line_duplicates": st.N_LINE_DUPLICATE,
    "unchanged": st.N_UNCHANGED,
    "late": st.N_LATE,
    "backfilled": st.N_BACKFILLED,
    "invalid": st.N_INVALID,
    "missing": st.N_MISSING,
    "crossed": st.N_CROSSED,
    "locked": st.N_LOCKED,
    "quarantined": st.N_QUARANTINED,
}


DROP_COUNTERS = {
    "duplicate": st.N_DUPLICATE,
    "line_duplicate": st.N_LINE_DUPLICATE,
    "unchanged": st.N_UNCHANGED,
    "late": st.N_LATE,
    "backfilled": st.N_BACKFILLED,
    "invalid": st.N_INVALID,
}


def _price(values: Any) -> Nullable:
    return Nullable(~np.isnan(values), values)


def _time(values: Any) -> Nullable:
    return Nullable(values != NEVER, values)

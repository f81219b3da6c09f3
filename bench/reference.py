"""What a worker has to publish: the kernels over ticks sorted by time and broker, in one process, without Kafka."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import confluent_kafka as ck
import numpy as np
import numpy.typing as npt

from infra.batches import FetchedBatch
from schemas import catalogue, topics
from schemas.catalogue import schema
from schemas.codec import Decoder, Frame
from streams.agents.tiers import rules_of
from streams.kernels.state import NEVER, Rows
from streams.shard import Shard
from tierfeed.domain.tiers import Tier
from tierfeed.settings import KafkaSettings, Settings

READ_S = 30.0
CHUNK = 10_000
LONGS = {"upto_sequence": "upto", "as_of_time": "as_of", "due_time": "due", "conflated_count": "conflated"}
DOUBLES = ("bid", "ask")

Columns = dict[str, npt.NDArray[Any]]
"""One tier's records of one partition: `symbol` and everything that is compared, in the order of publication."""


class Reference(Shard):
    """A shard that is given everything at once, and sorts it itself."""

    def replay(self, brokers: Sequence[Sequence[ck.Message]]) -> list[Columns]:
        """Apply every broker's records; one entry per tier."""
        for b, messages in enumerate(brokers):
            batch = FetchedBatch(topics.ticks(self.brokers[b]), 0, list(messages), True, len(messages))
            self.read(batch, b)
        events = np.concatenate([chunk for lane in self.aligner.lanes for chunk in lane.chunks])
        kept: list[list[Columns]] = [[] for _ in self.tiers]

        def keep(rows: Rows) -> None:
            for t, columns in enumerate(self._released(rows)):
                kept[t].append(columns)

        # An event's time never goes back within its partition, and within one time offsets are the collector's order.
        order = np.lexsort((events["offset"], events["broker"], events["time"]))
        self._apply(events[order], int(NEVER), int(NEVER), keep)
        self._settle(keep)
        return [joined(parts) for parts in kept]

    def _released(self, rows: Rows) -> list[Columns]:
        quotes = rows.quotes[: rows.n[0]]
        names = np.array(self.symbols.names)
        found = []
        for t in range(len(self.tiers)):
            mine = quotes[quotes["tier"] == t]
            columns = {"symbol": names[mine["symbol"]]}
            columns |= {name: mine[field].copy() for name, field in LONGS.items()}
            found.append(columns | {name: mine[name].copy() for name in DOUBLES})
        return found


def joined(parts: list[Columns]) -> Columns:
    names = ("symbol", *LONGS, *DOUBLES)
    return {name: np.concatenate([part[name] for part in parts]) if parts else np.empty(0) for name in names}


def reference_of(settings: Settings, partition: int) -> list[Columns]:
    """What one partition of the broker topics must lead to, per tier."""
    ids = {known.name: known.id for known in catalogue.ALL}
    shard = Reference(tuple(sorted(settings.brokers)), settings.tiers(), rules_of(settings), ids)
    return shard.replay([read(settings.kafka, topics.ticks(broker), partition) for broker in shard.brokers])


def published(settings: Settings, tier: Tier, partition: int) -> Columns:
    """What one partition of a tier topic holds."""
    messages = read(settings.kafka, topics.tier(tier.name), partition)
    known, parts = schema(tier.record), []
    for start in range(0, len(messages), CHUNK):
        frame = Frame.of([message.value() for message in messages[start : start + CHUNK]])
        quotes = Decoder(known, known.id).decode(frame, np.flatnonzero(frame.ids == known.id))
        columns: Columns = {"symbol": np.array(quotes.text("symbol"), dtype=np.str_)}
        columns |= {name: quotes.longs(name) for name in LONGS}
        parts.append(columns | {n: np.where(quotes.valid(n), quotes.doubles(n), np.nan) for n in DOUBLES})
    return joined(parts)


def read(kafka: KafkaSettings, topic: str, partition: int) -> list[ck.Message]:
    """Every record of a partition. Raises TimeoutError where they do not come."""
    config: Mapping[str, Any] = kafka.client(group_id="bench-read", enable_auto_commit=False)
    consumer = ck.Consumer(config)
    try:
        _, end = consumer.get_watermark_offsets(ck.TopicPartition(topic, partition), READ_S)
        consumer.assign([ck.TopicPartition(topic, partition, ck.OFFSET_BEGINNING)])
        messages: list[ck.Message] = []
        while not messages or messages[-1].offset() + 1 < end:
            if end == 0:
                break
            first = consumer.poll(READ_S)
            if first is None:
                raise TimeoutError(f"{topic}/{partition}: {len(messages)} of {end} records within {READ_S:g} s")
            messages += [m for m in (first, *consumer.consume(CHUNK, 0)) if m.error() is None]
        return messages
    finally:
        consumer.close()


@dataclass(frozen=True, slots=True)
class Comparison:
    """Records of one tier and partition; `first` tells the first that differs."""

    expected: int
    found: int
    differing: int
    first: str | None = None


def compare(expected: Columns, found: Columns) -> Comparison:
    """Per symbol, in the order of publication: every value must be the same, down to the bit."""
    a, b = _by_symbol(expected), _by_symbol(found)
    n, m = len(a["symbol"]), len(b["symbol"])
    shared = min(n, m)
    differs = np.zeros(shared, np.bool_)
    for name in a:
        left, right = a[name][:shared], b[name][:shared]
        same = left == right
        if left.dtype.kind == "f":
            same |= np.isnan(left) & np.isnan(right)
        differs |= ~same
    first = None
    if differs.any() or n != m:
        at = int(np.flatnonzero(differs)[0]) if differs.any() else shared
        first = f"expected {_told(a, at)}, found {_told(b, at)}"
    return Comparison(n, m, int(differs.sum()) + abs(n - m), first)


def _by_symbol(columns: Columns) -> Columns:
    order = np.argsort(columns["symbol"], kind="stable")
    return {name: column[order] for name, column in columns.items()}


def _told(columns: Columns, at: int) -> str:
    if at >= len(columns["symbol"]):
        return "no record"
    return ", ".join(f"{name} {column[at]}" for name, column in columns.items())

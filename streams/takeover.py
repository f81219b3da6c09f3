"""Taking a shard over: what earlier workers published, read from the tails of what they wrote to.

`.latest` holds the newest record of every symbol, and says up to which offset of the tier topic that is true; the
tier topic's own tail says the rest. The greatest epoch met there is the predecessor's; one that did not say it closed
may still have records under way, so its delivery time-out is waited out and the tails are read again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import confluent_kafka as ck
from faust.types.tuples import TP

from infra.batches import PARTITION_EOF
from infra.principals import ALONE
from schemas import catalogue, topics
from schemas.catalogue import Schema, schema
from schemas.codec import Columns, Decoder, Frame
from schemas.topics import COMPLETE_TO, SOURCE_OFFSET
from streams.kernels.state import NEVER
from streams.publishing import CLOSED, STAGE, Told
from streams.resuming import Published
from tierfeed.domain.tiers import Tier
from tierfeed.errors import UpstreamError
from tierfeed.settings import KafkaSettings

WINDOWS_BACK = 4096
READ_S = 30.0

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Tail = list[ck.Message]


@dataclass(slots=True)
class Memory:
    """What is known of one shard's past."""

    published: list[Published] = field(default_factory=list)
    epoch: int = 0
    closed: bool = True
    told: Told = field(default_factory=Told)
    dead_lettered: dict[str, int] = field(default_factory=dict)


class Tails:
    """Reads partitions to their ends, beside any consumer group."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self._rd = ck.Consumer(
            kafka.client(
                group_id=ALONE["streams"], enable_auto_commit=False, enable_partition_eof=True, fetch_wait_max_ms=10
            )
        )

    def close(self) -> None:
        self._rd.close()

    def ends(self, partitions: Iterable[TP]) -> dict[TP, tuple[int, int]]:
        """(first, end) offsets."""
        return {tp: self._rd.get_watermark_offsets(ck.TopicPartition(*tp), READ_S) for tp in partitions}

    def read(self, starts: Mapping[TP, int]) -> dict[TP, Tail]:
        """Every record from each start to the partition's end. Raises UpstreamError when an end does not come."""
        tails: dict[TP, Tail] = {tp: [] for tp in starts}
        waiting = set(starts)
        self._rd.assign([ck.TopicPartition(tp.topic, tp.partition, offset) for tp, offset in starts.items()])
        while waiting:
            # consume(n, t) would wait for n records, or for t.
            first = self._rd.poll(READ_S)
            if first is None:
                names = ", ".join(f"{tp.topic}/{tp.partition}" for tp in sorted(waiting))
                raise UpstreamError(f"the end of {names} could not be read within {READ_S:.0f} s")
            for message in (first, *self._rd.consume(10_000, 0)):
                tp, error = TP(message.topic(), message.partition()), message.error()
                if error is None:
                    tails[tp].append(message)
                elif error.code() == PARTITION_EOF:
                    waiting.discard(tp)
                else:
                    raise UpstreamError(f"{tp.topic}/{tp.partition} could not be read: {error.str()}")
        self._rd.unassign()
        return tails


def recall(
    tails: Tails, shards: Iterable[int], brokers: Sequence[str], tiers: Sequence[Tier], ids: Mapping[str, int]
) -> dict[int, Memory]:
    """The past of each shard. Blocking."""
    shards = list(shards)
    memories = {shard: Memory() for shard in shards}
    latest = tails.read({TP(topics.latest(tier.name), p): ck.OFFSET_BEGINNING for tier in tiers for p in shards})
    starts = {}
    for tier in tiers:
        for p in shards:
            marks = [_header(m, COMPLETE_TO) for m in latest[TP(topics.latest(tier.name), p)]]
            known = [int(mark) for mark in marks if mark is not None]
            starts[TP(topics.tier(tier.name), p)] = max(known, default=ck.OFFSET_BEGINNING)
    ends = tails.ends([TP(topics.QUALITY, p) for p in shards])
    starts |= {tp: max(first, end - WINDOWS_BACK) for tp, (first, end) in ends.items()}
    starts |= {TP(topics.dlq(topics.ticks(b)), p): ck.OFFSET_BEGINNING for b in brokers for p in shards}
    read = tails.read(starts)
    for p, memory in memories.items():
        for t, tier in enumerate(tiers):
            tail = TP(topics.tier(tier.name), p)
            copies = latest[TP(topics.latest(tier.name), p)]
            _recall_quotes(memory, t, tier, copies, read[tail], starts[tail], ids)
        _recall_windows(memory, read[TP(topics.QUALITY, p)], brokers)
        for broker in brokers:
            topic = topics.ticks(broker)
            letters = read[TP(topics.dlq(topic), p)]
            offsets = [int(_header(m, SOURCE_OFFSET) or -1) for m in letters if _header(m, "stage") == STAGE]
            memory.dead_lettered[topic] = max(offsets, default=-1)
    return memories


def _header(message: ck.Message, name: str) -> str | None:
    for key, value in message.headers() or ():
        if key == name:
            return bytes(value).decode()
    return None


@dataclass(slots=True)
class _Newest:
    """The newest record per symbol: of the greatest epoch the one that covers most."""

    tier: Tier
    known: Schema
    schema_id: int
    found: dict[str, tuple[tuple[int, int], Columns, int]] = field(default_factory=dict)

    def note(self, records: Tail, epoch: int, *, in_order: bool) -> int:
        """Take records in; `in_order`, those of an older epoch behind a newer one are left out. Returns the epoch."""
        frame = Frame.of([message.value() for message in records])
        quotes = Decoder(self.known, self.schema_id).decode(frame, frame.rows(self.schema_id))
        names, keys = quotes.text("symbol"), (quotes.longs("epoch").tolist(), quotes.longs("upto_sequence").tolist())
        for i, (name, key, ok) in enumerate(zip(names, zip(*keys, strict=True), quotes.ok.tolist(), strict=True)):
            if not ok or (in_order and key[0] < epoch):
                continue
            epoch = max(epoch, key[0])
            if str(name) not in self.found or key >= self.found[str(name)][0]:
                self.found[str(name)] = (key, quotes, i)
        return epoch


def _recall_quotes(
    memory: Memory, t: int, tier: Tier, latest: Tail, tail: Tail, tail_start: int, ids: Mapping[str, int]
) -> None:
    """The newest record per symbol, from `.latest` and from the tier's tail; and how the tier stands.

    A record in `.latest` may stand behind one of a newer epoch (each symbol waits for a second of its own), or behind a
    newer one (the agent read again): only in the tail does the order say anything.
    """
    newest = _Newest(tier, schema(tier.record), ids[tier.record])
    before = [m for m in latest if int(_header(m, SOURCE_OFFSET) or 0) < tail_start]
    rest = [m for m in latest if int(_header(m, SOURCE_OFFSET) or 0) >= tail_start]
    epoch = newest.note(tail, newest.note(before, 0, in_order=False), in_order=True)
    epoch = newest.note(rest, epoch, in_order=False)
    published = [_published(t, tier, name, i, quotes) for name, (_, quotes, i) in newest.found.items()]
    memory.published += published
    told = memory.told
    closed = False
    frame = Frame.of([message.value() for message in tail])
    for i in frame.rows(ids["TierControl"]).tolist():
        control = catalogue.read_body(schema("TierControl"), tail[i].value()[catalogue.HEADER_BYTES :])
        if control["epoch"] >= epoch and control["kind"] == "SESSION":
            closed = control["reason"] == CLOSED
        epoch = max(epoch, control["epoch"])
        if control["kind"] == "HEARTBEAT":
            beat = micros(control["time"])
            told.heartbeats_us[t] = max(beat, told.heartbeats_us.get(t, beat))
        elif control["kind"] == "GAP" and control["epoch"] >= epoch:
            span = micros(control["from_time"]), micros(control["to_time"])
            told.gaps.add((t, control["symbol"], *span, control["reason"]))
    told.reached_us[t] = max((told.heartbeats_us.get(t, NEVER), *(was.as_of for was in published)))
    if epoch > memory.epoch:
        memory.epoch, memory.closed = epoch, closed
    elif epoch == memory.epoch and epoch > 0:
        memory.closed = memory.closed and closed


def micros(time: datetime) -> int:
    """Microseconds since 1970, exactly."""
    return (time - EPOCH) // timedelta(microseconds=1)


def _published(t: int, tier: Tier, name: str, i: int, quotes: Columns) -> Published:
    offsets, sources = quotes.array("sources")
    span = slice(int(offsets[i]), int(offsets[i + 1]))
    as_of, due = int(quotes.longs("as_of_time")[i]), int(quotes.longs("due_time")[i])
    released, published = max(as_of, due), int(quotes.longs("published_time")[i])
    if 0 < published - released < tier.interval_us:
        # Live, intervals run from the moment of publication; in a backlog they ran on the data's own time.
        released = published
    return Published(
        tier=t,
        symbol=name,
        upto=int(quotes.longs("upto_sequence")[i]),
        as_of=as_of,
        released=released,
        state=int(quotes.longs("state")[i]),
        lead=None if "lead_broker" not in quotes.fields else quotes.text("lead_broker")[i],
        lead_since=_time(quotes, "lead_since", i),
        lead_switched=_time(quotes, "lead_switched", i),
        sources=dict(zip(sources.text("broker")[span], sources.longs("offset")[span].tolist(), strict=True)),  # type: ignore[arg-type]  # a broker is never null
    )


def _time(quotes: Columns, name: str, i: int) -> int | None:
    """Of a tier that does not sell it, or in a record that has none: None."""
    return int(quotes.longs(name)[i]) if name in quotes.fields and quotes.valid(name)[i] else None


def _recall_windows(memory: Memory, records: Tail, brokers: Sequence[str]) -> None:
    at: dict[int, set[tuple[str, str]]] = {}
    for message in records[-WINDOWS_BACK:]:
        name, window = catalogue.decode(message.value())
        if name == "QualityWindow" and window["broker"] in brokers:
            start = micros(window["window_start"])
            at.setdefault(start, set()).add((window["broker"], window["symbol"]))
    if at:
        memory.told.windows_after = max(at)
        memory.told.windows_at = frozenset(at[memory.told.windows_after])

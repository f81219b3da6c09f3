"""What a broker's topic already holds: read back to the last planned session record of each partition."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic, sleep
from typing import NamedTuple, TypeVar

import confluent_kafka as ck

from infra.principals import ALONE
from schemas.catalogue import Schema, decode
from schemas.topics import dlq
from tierfeed.domain.words import Flag, Line, SessionKind
from tierfeed.errors import ConfigError, ContractError, UpstreamError
from tierfeed.settings import KafkaSettings

FIRST_LOOK = 256
REQUEST_S = 30.0
ASK_AGAIN_S = 0.1
SETTLED_S = 0.4
"""What a killed predecessor had already sent is stored within this time, or was lost with it."""

TickId = tuple[int, int, str, int]
"""(line, session, symbol, sequence)."""

Asked = TypeVar("Asked")
_PASSING = {ck.KafkaError.NOT_LEADER_FOR_PARTITION, ck.KafkaError.LEADER_NOT_AVAILABLE}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Seen:
    """One partition's end. `session` fields are of the last planned session record; `ticks_after` are those behind it.

    `stopped`: a session was ended early and not opened again. `last_us` is the latest time on it.
    """

    kind: SessionKind
    line: int
    session: int
    time_us: int
    ticks: int
    ticks_after: tuple[TickId, ...]
    stopped: bool
    last_us: int


class HeldTick(NamedTuple):
    """A tick of a line as its topic holds it."""

    symbol: str
    session: int
    sequence: int
    event_us: int | None
    bid: float
    ask: float
    bid_size: float | None
    ask_size: float | None
    backfilled: bool


def read_tails(kafka: KafkaSettings, topic: str, by_id: Mapping[int, Schema]) -> dict[int, Seen | None]:
    """The tail of every partition; None where it is empty. Raises UpstreamError; ConfigError for a strange topic."""
    with _Reader(kafka, by_id) as reader:
        partitions = reader.partitions(topic)
        return {at: reader.seen(topic, at, low, high) for at, (low, high) in reader.settled(topic, partitions).items()}


def read_dead(kafka: KafkaSettings, topic: str) -> set[tuple[str, int]]:
    """(file, line) of every row a collector has dead-lettered from `topic`'s broker."""
    with _Reader(kafka, {}) as reader:
        name = dlq(topic)
        found = set()
        for at, (low, high) in reader.settled(name, reader.partitions(name)).items():
            for message in reader.messages(name, at, low, high):
                headers = dict(message.headers() or ())
                if headers.get("stage") == b"collector":
                    found.add((headers["source_file"].decode(), int(headers["source_line"])))
        return found


def read_held(
    kafka: KafkaSettings, topic: str, by_id: Mapping[int, Schema], line: Line, symbol: str | None, since_us: int
) -> list[HeldTick]:
    """The ticks of one line, of one symbol or all, that were appended since a time; a redelivered one once.

    In order for each symbol. Raises UpstreamError.
    """
    found: dict[TickId, HeldTick] = {}
    with _Reader(kafka, by_id) as reader:
        for at in reader.partitions(topic):
            _, high = reader.bounds(topic, at)
            for message in reader.messages(topic, at, reader.since(topic, at, since_us, high), high):
                if symbol is not None and message.key() != symbol.encode():
                    continue
                tick = _held(message.value(), by_id, line)
                if tick is not None:
                    found.setdefault((int(line), tick.session, tick.symbol, tick.sequence), tick)
    return list(found.values())


def _held(payload: bytes | None, by_id: Mapping[int, Schema], line: Line) -> HeldTick | None:
    try:
        name, record = decode(payload or b"", by_id)
    except ContractError:
        return None
    if name != "Tick" or record["line"] != line.name:
        return None
    event, flags = record["event_time"], record["flags"]
    values = {name: record[name] for name in HeldTick._fields if name in record}
    return HeldTick(**values, event_us=None if event is None else _us(event), backfilled=bool(flags & Flag.BACKFILLED))


def lacking_sessions(
    kafka: KafkaSettings, topics: Iterable[str], by_id: Mapping[int, Schema], begun_us: int
) -> list[str]:
    """Those of `topics` where some partition does not hold a session record at or after `begun_us` yet."""
    with _Reader(kafka, by_id) as reader:
        lacking = []
        for topic in topics:
            for at in reader.partitions(topic):
                low, high = reader.bounds(topic, at)
                seen = reader.seen(topic, at, low, high)
                if seen is None or seen.last_us < begun_us:
                    lacking.append(topic)
                    break
        return lacking


class _Reader:
    """A consumer outside any group, for looking at the ends of partitions."""

    def __init__(self, kafka: KafkaSettings, by_id: Mapping[int, Schema]) -> None:
        self._by_id = by_id
        # A group id is demanded by the client and never used: nothing is subscribed or committed.
        self._consumer = ck.Consumer(
            kafka.client(
                group_id=ALONE["collectors"],
                enable_auto_commit=False,
                auto_offset_reset="error",
                fetch_wait_max_ms=50,
            )
        )

    def __enter__(self) -> "_Reader":
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()

    def partitions(self, topic: str) -> list[int]:
        found = _asked(lambda: self._consumer.list_topics(topic, timeout=REQUEST_S)).topics[topic]
        if found.error is not None or not found.partitions:
            raise ConfigError(f"topic {topic} is not there: 'tierfeed topics apply' makes it")
        return sorted(found.partitions)

    def bounds(self, topic: str, partition: int) -> tuple[int, int]:
        at = ck.TopicPartition(topic, partition)
        low, high = _asked(lambda: self._consumer.get_watermark_offsets(at, timeout=REQUEST_S, cached=False))
        return int(low), int(high)

    def since(self, topic: str, partition: int, since_us: int, high: int) -> int:
        """The first offset that was appended at or after a time; `high` where there is none."""
        asked = [ck.TopicPartition(topic, partition, max(since_us // 1000, 0))]
        (found,) = _asked(lambda: self._consumer.offsets_for_times(asked, timeout=REQUEST_S))
        return high if found.offset < 0 else int(found.offset)

    def settled(self, topic: str, partitions: Iterable[int]) -> Mapping[int, tuple[int, int]]:
        """First and end offsets, once they have not moved for SETTLED_S."""
        deadline = monotonic() + REQUEST_S
        found, since = {at: self.bounds(topic, at) for at in partitions}, monotonic()
        while monotonic() - since < SETTLED_S:
            again = {at: self.bounds(topic, at) for at in found}
            if again != found:
                found, since = again, monotonic()
            if monotonic() > deadline:
                raise UpstreamError(f"{topic}: another process is publishing to it")
        return found

    def messages(self, topic: str, partition: int, start: int, end: int) -> Iterable[ck.Message]:
        """The records from one offset to another, in order."""
        if start >= end:
            return
        self._consumer.assign([ck.TopicPartition(topic, partition, start)])
        deadline = monotonic() + REQUEST_S
        upto = start
        while upto < end:
            for message in self._consumer.consume(1000, 0.2):
                if message.error() is not None:
                    raise UpstreamError(f"{topic}/{partition}: cannot be read: {message.error().str()}")
                if message.offset() < end:
                    yield message
                upto, deadline = message.offset() + 1, monotonic() + REQUEST_S
            if monotonic() > deadline:
                raise UpstreamError(f"{topic}/{partition}: gave nothing at offset {upto} for {REQUEST_S:g} s")

    def seen(self, topic: str, partition: int, low: int, high: int) -> Seen | None:
        """Look back further and further, until a planned session record turns up."""
        look = FIRST_LOOK
        while low < high:
            start = max(high - look, low)
            payloads = [message.value() for message in self.messages(topic, partition, start, high)]
            found = tail_of(payloads, self._by_id)
            if found is not None:
                return found
            if start == low:
                raise ConfigError(f"{topic}/{partition}: holds {high - low} records and no session record among them")
            look *= 8
        return None


def _asked(ask: Callable[[], Asked]) -> Asked:
    """Ask again while the cluster is still choosing leaders."""
    deadline = monotonic() + REQUEST_S
    while True:
        try:
            return ask()
        except ck.KafkaException as error:
            if error.args[0].code() not in _PASSING or monotonic() > deadline:
                raise UpstreamError(f"the Kafka cluster does not answer: {error.args[0].str()}") from error
        sleep(ASK_AGAIN_S)


def _us(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)


def tail_of(payloads: Iterable[bytes | None], by_id: Mapping[int, Schema]) -> Seen | None:
    """The tail of a partition from its last records. None where no planned session record is among them."""
    planned = None
    ticks: list[TickId] = []
    stopped, last_us = False, 0
    for payload in payloads:
        try:
            name, record = decode(payload or b"", by_id)
        except ContractError:
            continue
        if name == "SessionRecord":
            last_us = max(last_us, _us(record["time"]))
            stopped = record["kind"] == "SESSION_END" and record["reason"] is not None
            if record["reason"] is None:
                planned, ticks = record, []
        elif name == "Tick":
            last_us = max(last_us, _us(record["received_time"]))
            ticks.append((Line[record["line"]], record["session"], record["symbol"], record["sequence"]))
    if planned is None:
        return None
    return Seen(
        kind=SessionKind[planned["kind"]],
        line=Line[planned["line"]],
        session=planned["session"],
        time_us=_us(planned["time"]),
        ticks=planned["ticks"],
        ticks_after=tuple(ticks),
        stopped=stopped,
        last_us=last_us,
    )

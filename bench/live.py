"""Parts of measurements, each in a process of its own: `python -m bench.live feed|listen|relay|work|sink TASK`."""

import asyncio
import json
import signal
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import confluent_kafka as ck
import numpy as np
import numpy.typing as npt

import streams.app
from bench.cluster import settings_for
from bench.engines import QUOTE_SCHEMA
from bench.market import SEED, Shape
from infra.kafka import producer
from schemas import catalogue, topics
from schemas.catalogue import schema
from schemas.codec import Decoder, Frame
from streams.warm import warm
from tierfeed.domain.partitions import partition_of
from tierfeed.settings import KafkaSettings

Task = Mapping[str, Any]
PAUSE_S = 0.0005
SECOND_US = 1_000_000
PERCENTILES = (50, 90, 99)
PEER_SCHEMA_ID = 100
QUOTES = "EnterpriseQuote"
RELAY_TIER, RELAY_EVERY_US = "enterprise", 10_000


def _kafka(task: Task) -> KafkaSettings:
    return KafkaSettings(bootstrap_servers=task["bootstrap_servers"], partitions=task["partitions"])


def _now_us() -> int:
    return time.time_ns() // 1000


class Feed:
    """Live sessions of every broker: ticks at a steady rate, stamped as they are handed to Kafka."""

    def __init__(self, task: Task) -> None:
        self._rd = producer(_kafka(task), linger_ms=0)
        self._partitions: int = task["partitions"]
        self._brokers: list[str] = task["brokers"]
        self._symbols = Shape(0).symbol_names
        self._homes = [partition_of(symbol, self._partitions) for symbol in self._symbols]
        self._session = _now_us() // SECOND_US * SECOND_US
        self._sequence: dict[tuple[int, int], int] = {}
        self._told: dict[tuple[int, int], int] = {}

    def tell(self, kind: str, time_us: int) -> None:
        """A session record to every partition of every broker."""
        for b, broker in enumerate(self._brokers):
            for p in range(self._partitions):
                record = {
                    "kind": kind, "broker": broker, "line": "A", "session": self._session, "time": time_us,
                    "wall_time": time_us, "speed": 1.0, "ticks": self._told.get((b, p), 0), "feed": "SIMULATED",
                    "reason": None,
                }  # fmt: skip
                value = catalogue.encode("SessionRecord", record)
                self._rd.produce(topics.ticks(broker), value, None, p, headers=[("kind", b"SessionRecord")])

    def tick(self, b: int, s: int, mid: float) -> None:
        """One tick, stamped now."""
        self._sequence[b, s] = sequence = self._sequence.get((b, s), 0) + 1
        home, now_us = self._homes[s], _now_us()
        self._told[b, home] = self._told.get((b, home), 0) + 1
        record = {
            "broker": self._brokers[b], "symbol": self._symbols[s], "bid": mid, "ask": round(mid + 1e-4, 5),
            "bid_size": 1e6, "ask_size": 1e6, "event_time": now_us, "received_time": now_us, "line": "A",
            "session": self._session, "sequence": sequence, "flags": 0,
        }  # fmt: skip
        value = catalogue.encode("Tick", record)
        self._rd.produce(topics.ticks(self._brokers[b]), value, self._symbols[s].encode(), home)

    def run(self, rate: int, seconds: float) -> dict[str, Any]:
        """Feed for so long; ticks are handed over as they fall due, none early."""
        rng = np.random.default_rng(SEED)
        n = int(rate * seconds)
        symbols = (rng.random(n) ** 2 * len(self._symbols)).astype(int).tolist()
        mids = np.round(1.2 + np.cumsum(rng.normal(0, 1e-5, n)), 5).tolist()
        begun, sent, beat = time.monotonic(), 0, self._session + SECOND_US
        self.tell("SESSION_START", _now_us())
        while sent < n:
            due = min(int((time.monotonic() - begun) * rate), n)
            for i in range(sent, due):
                self.tick(i % len(self._brokers), symbols[i], mids[i])
            sent = due
            if (now_us := _now_us()) >= beat:
                self.tell("HEARTBEAT", now_us)
                beat += SECOND_US
            self._rd.poll(0)
            time.sleep(PAUSE_S)
        took_s = time.monotonic() - begun
        self.tell("SESSION_END", _now_us())
        self._rd.flush(10)
        return {"sent": sent, "ticks_per_s": sent / took_s}


def listen(task: Task) -> dict[str, Any]:
    """Read topics as an outside client does, from now on until SIGTERM; how old records were when they came."""
    told: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: told.append(number))
    consumer = ck.Consumer(_kafka(task).client(group_id="bench-listen", enable_auto_commit=False, fetch_wait_max_ms=10))
    places = [(topic, p) for topic in task["topics"] for p in range(task["partitions"])]
    ends = {place: consumer.get_watermark_offsets(ck.TopicPartition(*place), 10)[1] for place in places}
    consumer.assign([ck.TopicPartition(*place, end) for place, end in ends.items()])
    print("listening", flush=True)
    came: list[tuple[int, bytes]] = []
    while not told:
        message = consumer.poll(0.1)
        if message is not None and message.error() is None and message.key() is not None:
            came.append((_now_us(), message.value()))
    consumer.close()
    found = ages(task["record"], came, task["skip_s"])
    if task["record"] == QUOTES and came:
        found["pipeline"] = pipeline([value for _, value in came], task["skip_s"])
    return found


def pipeline(values: list[bytes], skip_s: float) -> dict[str, Any]:
    """Pipeline latency as the SLA counts it, of all records: published less the later of as-of and due time."""
    known, frame = schema(QUOTES), Frame.of(values)
    columns = Decoder(known, known.id).decode(frame, frame.rows(known.id))
    as_of = columns.longs("as_of_time")
    late_ms = (columns.longs("published_time") - np.maximum(as_of, columns.longs("due_time"))) / 1000
    return _percentiles(late_ms[as_of >= as_of[0] + int(skip_s * SECOND_US)])


def ages(record: str, came: list[tuple[int, bytes]], skip_s: float) -> dict[str, Any]:
    """Percentiles in milliseconds, over records that nothing but the engine held back, after the first `skip_s`."""
    if not came:
        return {"records": 0}
    arrived = np.array([arrival for arrival, _ in came], np.int64)
    stamped, at_once = _READERS[record]([value for _, value in came])
    kept = at_once & (stamped >= stamped[at_once][0] + int(skip_s * SECOND_US)) if at_once.any() else at_once
    return _percentiles((arrived - stamped)[kept] / 1000)


def _percentiles(late_ms: npt.NDArray[np.float64]) -> dict[str, Any]:
    found = {f"p{q}_ms": float(np.percentile(late_ms, q)) for q in PERCENTILES} if len(late_ms) else {}
    return {"records": len(late_ms)} | found


Stamps = tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]


def _stamps(record: str, values: list[bytes]) -> Stamps:
    known, frame = schema(record), Frame.of(values)
    columns = Decoder(known, known.id).decode(frame, np.arange(len(values)))
    at_once = columns.ok & columns.valid("event_time")
    if record == QUOTES:
        # A record may wait for its interval, or be caused by a timer: neither says how quick the engine is.
        at_once &= columns.longs("conflation_us") == 0
        at_once &= columns.longs("as_of_time") <= columns.longs("received_time")
    return columns.longs("event_time"), at_once


def _peer_stamps(values: list[bytes]) -> Stamps:
    known = catalogue.Schema.of(QUOTE_SCHEMA.read_text(), PEER_SCHEMA_ID)
    columns = Decoder(known).decode(Frame.of(values), np.arange(len(values)))
    return columns.longs("event_time"), columns.ok.copy()


_READERS: dict[str, Callable[[list[bytes]], Stamps]] = {
    "Tick": lambda values: _stamps("Tick", values),
    QUOTES: lambda values: _stamps(QUOTES, values),
    "TierTick": _peer_stamps,
}


def relay(task: Task) -> None:
    """The floor of any hop on librdkafka: reads a tick, publishes a quote of it, and does nothing else."""
    told: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: told.append(number))
    kafka = _kafka(task)
    consumer = ck.Consumer(kafka.client(group_id="bench-relay", enable_auto_commit=False))
    places = [(topics.ticks(broker), p) for broker in task["brokers"] for p in range(task["partitions"])]
    ends = {place: consumer.get_watermark_offsets(ck.TopicPartition(*place), 10)[1] for place in places}
    consumer.assign([ck.TopicPartition(*place, end) for place, end in ends.items()])
    sender = producer(kafka, linger_ms=0)
    sent_us: dict[bytes, int] = {}
    print("listening", flush=True)
    while not told:
        message = consumer.poll(0.1)
        if message is None or message.error() or message.key() is None:
            continue
        key, now_us = message.key(), _now_us()
        if now_us - sent_us.get(key, 0) >= RELAY_EVERY_US:
            sent_us[key] = now_us
            _, tick = catalogue.decode(message.value())
            quote = _quote_of(tick, now_us)
            sender.produce(topics.tier(RELAY_TIER), quote, key, message.partition())
        sender.poll(0)
    consumer.close()


def _quote_of(tick: Mapping[str, Any], now_us: int) -> bytes:
    at = dict.fromkeys(("event_time", "received_time", "as_of_time", "due_time"), tick["received_time"])
    empty = dict.fromkeys(("conflated_count", "eligible_brokers", "quarantined_brokers", "conflation_us"), 0)
    lists: dict[str, list[Any]] = {"sources": [], "brokers": []}
    told = {
        "symbol": tick["symbol"],
        "bid": tick["bid"],
        "ask": tick["ask"],
        "state": "NORMAL",
        "published_time": now_us,
    }
    return catalogue.encode(QUOTES, told | at | empty | lists | {"upto_sequence": 1, "epoch": 1})


async def work(task: Task) -> None:
    """The product's worker until SIGTERM."""
    settings = settings_for(_kafka(task), task["brokers"], f"bench-{time.time_ns()}")
    warm(settings)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    ids = {known.name: known.id for known in catalogue.ALL}
    await streams.app.run_tiers(settings, ids, stop, ready=lambda: print("listening", flush=True))


async def sink(task: Task) -> None:
    """The product's sink until SIGTERM."""
    from sinks.agents import run_sink

    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    settings = settings_for(
        _kafka(task), task["brokers"], "bench", clickhouse={"url": task["clickhouse_url"], "database": "tierfeed"}
    )
    await run_sink(settings, stop, ready=lambda: print("listening", flush=True))


def main(part: str, task: Task) -> None:
    if part == "feed":
        print(json.dumps(Feed(task).run(task["rate"], task["seconds"])), flush=True)
    elif part == "listen":
        print(json.dumps(listen(task)), flush=True)
    elif part == "relay":
        relay(task)
    else:
        asyncio.run({"work": work, "sink": sink}[part](task))


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))

"""A Kafka cluster as the tests of collectors see it: brokers of the test's own, and what their topics hold."""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import confluent_kafka as ck

from collectors.collect import CollectSpec, collect
from collectors.replay.tape import Tape, read_tape
from collectors.runner import Outcome
from infra.kafka import admin, apply, plan_topics
from schemas import topics
from schemas.catalogue import decode
from schemas.topics import Topic
from tests.builders import eventually
from tests.unit.collectors.expected import whole
from tests.unit.collectors.tapes import lean_rows, lean_zip, write_tape
from tierfeed.settings import KafkaSettings, Settings

PARTITIONS = 3
Record = tuple[str, dict[str, object]]
"""(schema, fields), without the wall clock."""


class Cluster:
    """Brokers, topics and collectors of one test."""

    def __init__(self, kafka: KafkaSettings, unique: str) -> None:
        self.kafka, self._unique = kafka, unique
        self.settings = Settings(kafka=kafka.model_copy(update={"partitions": PARTITIONS}))

    def broker(self, name: str = "b") -> str:
        """A broker with its topic and dead-letter topic."""
        mine = f"{self._unique}_{name}"
        names = [topics.ticks(mine), topics.dlq(topics.ticks(mine))]
        config = {"message.timestamp.type": "LogAppendTime"}
        new = {at: Topic(name=at, key="symbol", values=(), partitions=PARTITIONS, config=config) for at in names}
        apply(plan_topics(new, {}), admin(self.kafka))
        return mine

    def collect(self, broker: str, tape: Path | Tape) -> Outcome:
        """As fast as possible, in this process."""
        return asyncio.run(collect(self.settings, CollectSpec(broker=broker, tape=tape), stop=asyncio.Event()))

    def _consumer(self) -> ck.Consumer:
        return ck.Consumer(self.kafka.client(group_id="reader", enable_partition_eof=True, auto_offset_reset="error"))

    def messages(self, topic: str) -> dict[int, list[ck.Message]]:
        """Everything each partition holds."""
        consumer = self._consumer()
        consumer.assign([ck.TopicPartition(topic, at, 0) for at in range(PARTITIONS)])
        found: dict[int, list[ck.Message]] = {at: [] for at in range(PARTITIONS)}
        ended = set()
        while len(ended) < PARTITIONS:
            for message in consumer.consume(5000, 1.0):
                if message.error() is None:
                    found[message.partition()].append(message)
                elif message.error().code() == ck.KafkaError._PARTITION_EOF:
                    ended.add(message.partition())
        consumer.close()
        return found

    def records(self, broker: str) -> dict[int, list[Record]]:
        """What each partition of a broker's topic says."""
        found = self.messages(topics.ticks(broker))
        return {at: [timeless(decode(message.value())) for message in messages] for at, messages in found.items()}

    def ticks(self, broker: str) -> list[dict[str, object]]:
        return [fields for told in self.records(broker).values() for name, fields in told if name == "Tick"]

    def stored(self, broker: str) -> int:
        """Records on all partitions."""
        consumer = self._consumer()
        places = [ck.TopicPartition(topics.ticks(broker), at) for at in range(PARTITIONS)]

        def ends() -> list[int] | None:
            try:
                return [consumer.get_watermark_offsets(place, timeout=10)[1] for place in places]
            except ck.KafkaException:  # a new topic is still choosing its leaders
                return None

        stored = sum(eventually(ends, 10) or ())
        consumer.close()
        return stored


def timeless(record: Record) -> Record:
    """Without the wall clock."""
    return record[0], {key: value for key, value in record[1].items() if key != "wall_time"}


def expected(tape: Path, broker: str, speed: float) -> dict[int, list[Record]]:
    """What each partition holds when nothing disturbs the collector."""
    payloads = whole(read_tape(tape).script(broker), PARTITIONS, speed=speed)
    return {at: [timeless(decode(payload)) for payload in told] for at, told in payloads.items()}


def tape_of(
    folder: Path, *brokers: str, seconds: int = 60, every_ms: int = 10, simulate: dict[str, object] | None = None
) -> Path:
    """A tick every so often in each of three symbols."""
    entries: list[dict[str, object]] = []
    files = {}
    for number, symbol in enumerate(("EURUSD", "NZDUSD", "USDJPY")):
        rows = [(3_000 + at * every_ms + number, 1.1 + at % 13 * 1e-5, 1.2) for at in range(seconds * 1000 // every_ms)]
        files[f"20140508_{symbol}__zip"] = lean_zip(lean_rows(rows))
        for broker in brokers:
            entry: dict[str, object] = {"broker": broker, "symbol": symbol, "format": "lean"}
            entries.append(entry | {"paths": [f"*_{symbol}.zip"]} | ({"simulate": simulate} if simulate else {}))
    return write_tape(folder, entries, **files)


class Child:
    """A collector in a process of its own."""

    def __init__(self, cluster: Cluster, tape: Path, broker: str, speed: float | str) -> None:
        settings = cluster.settings.model_dump_json()
        command = [sys.executable, "-m", "tests.integration.collectors_child", settings, str(tape), broker, str(speed)]
        self._cluster, self._broker = cluster, broker
        self._process = subprocess.Popen(command, cwd=Path(__file__).parents[2])

    def wait_for(self, records: float) -> None:
        """Until so many are on the topic, or the collector is done."""
        eventually(lambda: self._process.poll() is not None or self._cluster.stored(self._broker) >= records, 60)

    def end(self, sign: signal.Signals | None = None) -> int:
        """Its exit code."""
        if sign is not None:
            self._process.send_signal(sign)
        return self._process.wait(60)

    def __enter__(self) -> "Child":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

"""Clients read a tier topic: those that are not ours, kcat and aiokafka, with fastavro and the schema registry's API;
and the product's own consumer."""

import asyncio
import io
import json
import subprocess
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple

import fastavro
import pytest
import requests
from aiokafka import AIOKafkaConsumer, TopicPartition

from infra.embedded.registry import app, serve
from schemas import topics
from tests.e2e.tape_runner import await_tiers
from tests.integration.stream_parts import SECOND_US, START_US, Broker, Parts, deployed, module_word
from tierfeed.client import Gap, Quote, Stale, TierConsumer, Update
from tierfeed.domain.words import QuoteState
from tierfeed.settings import KafkaSettings

pytestmark = pytest.mark.kafka

TICKS = {"EURUSD": (1.1, 1.2), "USDJPY": (150.123, 150.2), "NZDUSD": (0.6, 0.0)}
ROUNDS = 50
EVERY_US = 20_000
WITHIN_S = 120


class Record(NamedTuple):
    """A record as a client has it."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes


@dataclass(frozen=True)
class Served:
    """A tier topic with quotes on it, and where the registry is."""

    bootstrap_servers: str
    topic: str
    partitions: int
    broker: str
    registry_url: str


@pytest.fixture(scope="module")
def served(
    kafka: KafkaSettings, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("clients")
    with module_word(request, kafka) as word:
        tier = {"symbols": "all", "interval_ms": 10, "depth_hours": 1, "redundancy": 1, "record": "EnterpriseQuote"}
        settings = deployed(kafka, word, folder, [word], {f"{word}all": tier | {"brokers": [word]}})
        broker = Broker(settings, word)
        broker.say("SESSION_START", START_US)
        for number in range(ROUNDS):
            for symbol, (bid, ask) in TICKS.items():
                broker.tick(symbol, START_US + number * EVERY_US, round(bid + number / 1000, 3), ask)
        broker.say("SESSION_END", START_US + 2 * SECOND_US)
        broker.flush()
        with Parts(settings, folder) as parts:
            parts.start("stream", "run", "--part", "tiers")
            await_tiers(settings, WITHIN_S)
        declared = topics.declared(settings.brokers, settings.tiers(), settings.kafka.partitions)
        with serve(app(declared.values())) as url:
            where = settings.kafka.bootstrap_servers, topics.tier(f"{word}all"), settings.kafka.partitions
            yield Served(*where, word, url)


def by_kcat(served: Served) -> list[Record]:
    """`%K` and `%S` tell how many bytes of key and value follow."""
    found = []
    for partition in range(served.partitions):
        command = ["kcat", "-C", "-b", served.bootstrap_servers, "-t", served.topic, "-p", str(partition)]
        command += ["-o", "beginning", "-e", "-q", "-f", "%p %o %K %S\n%k%s"]
        out = io.BytesIO(subprocess.run(command, capture_output=True, check=True, timeout=30).stdout)
        while line := out.readline():
            told, offset, key_bytes, value_bytes = map(int, line.split())
            key = out.read(key_bytes) if key_bytes >= 0 else None
            found.append(Record(told, offset, key, out.read(value_bytes)))
    return found


def by_aiokafka(served: Served) -> list[Record]:
    async def read() -> list[Record]:
        places = [TopicPartition(served.topic, partition) for partition in range(served.partitions)]
        async with AIOKafkaConsumer(bootstrap_servers=served.bootstrap_servers, enable_auto_commit=False) as consumer:
            consumer.assign(places)
            await consumer.seek_to_beginning(*places)
            ends = await consumer.end_offsets(places)
            found = []
            while any([await consumer.position(place) < end for place, end in ends.items()]):
                for messages in (await consumer.getmany(timeout_ms=1000)).values():
                    found += [Record(m.partition, m.offset, m.key, m.value) for m in messages]
            return sorted(found, key=lambda record: (record.partition, record.offset))

    return asyncio.run(asyncio.wait_for(read(), 30))


def decoder(registry_url: str) -> Callable[[bytes], tuple[str, dict[str, Any]]]:
    """What every client of a Confluent schema registry does: magic byte, schema id, Avro."""

    @cache
    def schema(schema_id: int) -> Any:
        answer = requests.get(f"{registry_url}/schemas/ids/{schema_id}", timeout=10)
        answer.raise_for_status()
        return fastavro.parse_schema(json.loads(answer.json()["schema"]))

    def decode(payload: bytes) -> tuple[str, dict[str, Any]]:
        assert payload[0] == 0
        known = schema(int.from_bytes(payload[1:5], "big"))
        body = io.BytesIO(payload[5:])
        record = fastavro.schemaless_reader(body, known)
        assert body.read() == b""
        return known["name"], record

    return decode


@pytest.mark.parametrize("client", [pytest.param(by_kcat, marks=pytest.mark.kcat), by_aiokafka])
def test_a_client_that_is_not_ours_reads_every_quote_and_control_record(
    served: Served, client: Callable[[Served], list[Record]]
) -> None:
    decode = decoder(served.registry_url)
    records = [(record, *decode(record.value)) for record in client(served)]
    quotes: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    controls: defaultdict[int, list[str]] = defaultdict(list)
    for record, name, value in records:
        if name == "tierfeed.EnterpriseQuote":
            assert record.key == value["symbol"].encode()
            quotes[value["symbol"]].append(value)
        else:
            assert (name, record.key) == ("tierfeed.TierControl", None)
            controls[record.partition].append(value["kind"])
    assert quotes.keys() == TICKS.keys()
    for symbol, (bid, ask) in TICKS.items():
        *told, last = quotes[symbol]
        assert [quote["bid"] for quote in told] == [round(bid + number / 1000, 3) for number in range(ROUNDS)]
        assert {quote["ask"] for quote in told} == {ask or None}
        assert [quote["as_of_time"] for quote in told] == [_time(number) for number in range(ROUNDS)]
        assert {quote["state"] for quote in told} == {"NORMAL" if ask else "ONE_SIDED"}
        assert {quote["brokers"][0]["broker"] for quote in told} == {served.broker}
        assert (last["state"], last["upto_sequence"]) == ("STALE", ROUNDS + 1)
    assert [kinds[0] for kinds in controls.values()] == ["SESSION"] * served.partitions
    assert sum(kinds.count("STALE") for kinds in controls.values()) == len(TICKS)


def test_our_own_consumer_has_every_quote_in_order_and_no_gap(served: Served) -> None:
    updates: list[Update] = []

    async def read() -> None:
        tier, tenant = f"{served.broker}all", served.broker
        async with (
            TierConsumer(
                served.bootstrap_servers, tier=tier, tenant=tenant, from_="beginning", registry_url=served.registry_url
            ) as consumer,
            asyncio.timeout(30),
        ):
            async for update in consumer:
                updates.append(update)
                if sum(isinstance(update, Stale) for update in updates) == len(TICKS):
                    break
            assert (consumer.stats.stale_epoch, consumer.stats.unknown, consumer.stats.repeated) == (0, 0, 0)

    asyncio.run(read())
    assert not any(isinstance(update, Gap) for update in updates)
    for symbol, (bid, ask) in TICKS.items():
        *told, last = [update for update in updates if isinstance(update, Quote) and update.symbol == symbol]
        assert [quote.bid for quote in told] == [round(bid + number / 1000, 3) for number in range(ROUNDS)]
        assert [quote.as_of_time for quote in told] == [_time(number) for number in range(ROUNDS)]
        assert {quote.ask for quote in told} == {ask or None}
        assert {quote.fields["bid_broker"] for quote in told} == {served.broker}
        assert (last.state, last.upto_sequence) == (QuoteState.STALE, ROUNDS + 1)
        silent = Stale(symbol, last.as_of_time, "SESSION_LOST")
        assert updates.index(silent) > updates.index(last)


def _time(number: int) -> datetime:
    return datetime.fromtimestamp((START_US + number * EVERY_US) / SECOND_US, UTC)

"""The Kafka of the bench: an embedded one of its own, with the product's topics on it."""

import asyncio
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import yaml

from bench.market import BROKERS
from bench.places import TARGET
from collectors.collect import CollectSpec, collect
from collectors.replay.tape import Tape
from collectors.script import Script
from infra.embedded.kafka import EmbeddedKafka
from infra.kafka import admin, apply, describe, plan_topics
from schemas import topics
from tierfeed.settings import KafkaSettings, Settings, load_settings

PARTITIONS = 4
DELETED_S = 30.0


@contextmanager
def kafka(home: Path) -> Iterator[KafkaSettings]:
    """A Kafka cluster that begins empty and is gone afterwards."""
    shutil.rmtree(home, ignore_errors=True)
    server = EmbeddedKafka(home)
    state = server.start()
    try:
        yield KafkaSettings(bootstrap_servers=state.bootstrap_servers, partitions=PARTITIONS)
    finally:
        server.stop()
        shutil.rmtree(home, ignore_errors=True)


def settings_for(kafka: KafkaSettings, brokers: Sequence[str], app_id: str, **groups: object) -> Settings:
    """The product's settings on this cluster, all else as the product has it."""
    known = load_settings(kafka=kafka.model_dump(), brokers=tuple(brokers), stream={"app_id": app_id}, **groups)
    return known if set(brokers) <= set(BROKERS) else known.model_copy(update={"tiers_file": _widened(known, brokers)})


def _widened(settings: Settings, brokers: Sequence[str]) -> Path:
    """The built-in tiers, the last of which takes in all brokers."""
    tiers = yaml.safe_load(settings.tiers_file.read_text())
    tiers["enterprise"]["brokers"] = list(brokers)
    path = TARGET / f"tiers-{len(brokers)}.yaml"
    path.write_text(yaml.safe_dump(tiers, sort_keys=False))
    return path


def fresh_topics(settings: Settings, *, keep_ticks: bool = False) -> None:
    """Declare every topic, empty. With `keep_ticks` the broker topics stay as they are."""
    declared = topics.declared(settings.brokers, settings.tiers(), settings.kafka.partitions)
    kept = {topics.ticks(broker) for broker in settings.brokers} if keep_ticks else set()
    client = admin(settings.kafka)
    there = [name for name in describe(client) if name not in kept]
    if there:
        for future in client.delete_topics(there).values():
            future.result(DELETED_S)
    deadline = time.monotonic() + DELETED_S
    while describe(client).keys() - kept and time.monotonic() < deadline:
        time.sleep(0.1)
    apply(plan_topics(declared, describe(client)), client)


def load(settings: Settings, scripts: Sequence[Script]) -> int:
    """Publish the scripts as the product's collectors do, session records and all. Returns the ticks published."""
    tape = Tape(Path("bench"), scripts[0].start_us, scripts[0].end_us, {script.broker: script for script in scripts})
    return asyncio.run(_load(settings, tape))


async def _load(settings: Settings, tape: Tape) -> int:
    stop = asyncio.Event()
    runs = (collect(settings, CollectSpec(broker=broker, tape=tape), stop=stop) for broker in tape.brokers)
    return sum(outcome.published for outcome in await asyncio.gather(*runs))

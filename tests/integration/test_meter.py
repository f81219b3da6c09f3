"""What the meter tells is what the consumers counted themselves, to the tick, whatever happens to the meter."""

import os
import random
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import confluent_kafka as ck
import pytest
from confluent_kafka.admin import AdminClient

from analytics.usage import Usage, usage
from schemas import catalogue, topics
from tests.builders import eventually
from tests.child import Child
from tests.sink_parts import PARTITIONS, Feed, Kept, Life, Proof, deployment, kept_until
from tierfeed.cli.stack import environment
from tierfeed.settings import ClickHouseSettings, KafkaSettings, Settings

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse]

QUOTE = catalogue.schema("FreeQuote").header
LONG_AGO, FAR_OFF = datetime(1970, 1, 2, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
SEED = int(os.environ.get("TIERFEED_TEST_SEED", "0")) or random.randrange(1, 1_000_000)


@pytest.fixture
def settings(unique: str, tmp_path: Path, kafka: KafkaSettings, database: ClickHouseSettings) -> Settings:
    return deployment(unique, tmp_path, kafka, database)


@pytest.fixture
def sink(settings: Settings, tmp_path: Path) -> Iterator[Kept]:
    kept = Kept(lambda: Life(settings, tmp_path / "sink.log"))
    yield kept
    kept.life.end()


Start = Callable[..., Child]


def meter(settings: Settings, log: Path, mode: str) -> Child:
    """One meter process."""
    env = environment(settings, log.parent) | {
        "TIERFEED_TIERS_FILE": str(settings.tiers_file),
        "TIERFEED_METER__FLUSH_S": "0.3",
        "TIERFEED_METER__MODE": mode,
    }
    return Child(("-m", "tierfeed", "meter", "run"), env, log)


@pytest.fixture
def start(settings: Settings, tmp_path: Path) -> Iterator[Start]:
    lives: list[Child] = []

    def begin(mode: str = "auto") -> Child:
        lives.append(meter(settings, tmp_path / f"meter{len(lives)}.log", mode))
        return lives[-1]

    yield begin
    for life in lives:
        life.end()


class Desk:
    """A tenant's consumer, by a client of its own, that counts what it gets: quotes, and in the end distinct ones."""

    def __init__(self, settings: Settings, group: str) -> None:
        self.settings, self.group = settings, group
        (tier,) = settings.tiers()
        self.topic = topics.tier(tier.name)
        self.read: Counter[tuple[int, int]] = Counter()
        self._open()

    def _open(self) -> None:
        self._consumer = ck.Consumer(
            self.settings.kafka.client(
                group_id=self.group, auto_offset_reset="earliest", enable_auto_commit=False, session_timeout_ms=6000
            )
        )
        self._consumer.subscribe([self.topic])

    def take(self, records: int, began: dict[int, int] | None = None) -> None:
        """Read at least so many records and commit; `began`: say where each partition was begun at."""
        taken, places = 0, {}
        while taken < records:
            for message in self._consumer.consume(min(records - taken, 50), 0.5):
                assert message.error() is None, message.error()
                taken += 1
                places[message.partition()] = message.offset() + 1
                if (message.value() or b"").startswith(QUOTE):
                    self.read[message.partition(), message.offset()] += 1
        self._consumer.commit(
            offsets=[
                ck.TopicPartition(self.topic, at, to, f"tierfeed from={began[at]}" if began and at in began else "")
                for at, to in places.items()
            ],
            asynchronous=False,
        )

    def begin(self) -> None:
        """Have the first commit say where it begins, as the SDK does."""
        eventually(lambda: self._consumer.poll(0.1) or self._consumer.assignment(), 20)
        self.go_back()

    def go_back(self) -> None:
        """To the beginning of every partition, and say so with a commit that moves nothing."""
        for at in range(PARTITIONS):
            self._consumer.seek(ck.TopicPartition(self.topic, at, 0))
        self._consumer.commit(
            offsets=[ck.TopicPartition(self.topic, at, 0, "tierfeed from=0") for at in range(PARTITIONS)],
            asynchronous=False,
        )

    def restart(self) -> None:
        self.close()
        self._open()

    def close(self) -> None:
        self._consumer.close()

    @property
    def distinct(self) -> int:
        return len(self.read)

    @property
    def replayed(self) -> int:
        return sum(self.read.values()) - len(self.read)


def told(settings: Settings, tenant: str) -> Usage:
    return usage(settings.clickhouse, tenant, LONG_AGO, FAR_OFF)


def filled(settings: Settings, rounds: int = 20) -> Feed:
    feed = Feed(settings)
    for _ in range(rounds):
        feed.once()
    feed.flush()
    return feed


def records(feed: Feed) -> int:
    """What is on the tier's topic: quotes, a control record a round and partition, and poison."""
    return feed.stored["tier_quotes"] + feed.rounds * PARTITIONS + feed.poison


def agrees(settings: Settings, *desks: Desk) -> bool:
    """The figures are those that the desks have."""
    found = [told(settings, desk.group.partition(".")[0]) for desk in desks]
    return [(each.ticks, each.replayed) for each in found] == [(desk.distinct, desk.replayed) for desk in desks]


def test_ticks_are_what_the_consumer_counted_and_replays_and_skips_stand_apart(
    settings: Settings, sink: Kept, start: Start, unique: str
) -> None:
    feed = filled(settings)
    kept_until(lambda: Proof(settings).holds(feed.stored), sink)
    start()
    desk = Desk(settings, f"{unique}.desk")
    desk.begin()
    desk.take(700)
    desk.restart()
    desk.take(300)
    kept_until(lambda: agrees(settings, desk), sink)
    desk.go_back()
    desk.take(1100)  # of 1,860: with the 1,000 before, some are read again, and some are left
    kept_until(lambda: agrees(settings, desk), sink)
    assert desk.replayed > 0
    desk.close()
    # The operator sets the group forward to the end: what lies between was never read.
    before = told(settings, unique)
    eventually(lambda: set_to_end(settings, desk), 30)
    kept_until(lambda: told(settings, unique).skipped > 0, sink)
    after = told(settings, unique)
    everything = feed.stored["tier_quotes"]
    assert (after.ticks, after.replayed) == (before.ticks, before.replayed)
    assert after.ticks + after.skipped == everything
    (group,) = after.groups
    assert group["consumer_group"] == desk.group
    assert not group["start_unknown"]
    assert group["last_seen"] > group["last_seen"].replace(year=2025)


def set_to_end(settings: Settings, desk: Desk) -> bool:
    reader = ck.Consumer(settings.kafka.client(group_id="ends"))
    ends = [
        ck.TopicPartition(desk.topic, at, reader.get_watermark_offsets(ck.TopicPartition(desk.topic, at), 10)[1])
        for at in range(PARTITIONS)
    ]
    reader.close()
    client = AdminClient(settings.kafka.client())
    future = client.alter_consumer_group_offsets([ck.ConsumerGroupTopicPartitions(desk.group, ends)])[desk.group]
    return all(at.error is None for at in future.result().topic_partitions)


def test_meters_that_are_killed_again_and_again_two_at_once_tell_what_was_consumed(
    settings: Settings, sink: Kept, start: Start, unique: str
) -> None:
    print("seed", SEED)
    chance = random.Random(SEED)
    feed = filled(settings, 40)
    kept_until(lambda: Proof(settings).holds(feed.stored), sink)
    desks = [Desk(settings, f"{unique}{name}.desk") for name in "abc"]
    for desk in desks:
        desk.begin()
    meters = [start(), start()]
    for _ in range(12):
        desk = chance.choice(desks)
        if chance.random() < 0.2:
            desk.go_back()
        desk.take(chance.randrange(1, 400))
        if chance.random() < 0.4:
            meters.pop(chance.randrange(2)).end(signal.SIGKILL)
            meters.append(start())
    kept_until(lambda: agrees(settings, *desks), sink)
    for desk in desks:
        desk.close()
    for meter in meters:
        assert meter.end(signal.SIGTERM) == 0


def test_a_group_that_did_not_say_where_it_began_is_billed_from_its_first_commit(
    settings: Settings, sink: Kept, start: Start, unique: str
) -> None:
    feed = filled(settings)
    kept_until(lambda: Proof(settings).holds(feed.stored), sink)
    start()
    desk = Desk(settings, f"{unique}.desk")
    desk.take(records(feed))
    first = desk.distinct
    for _ in range(20):
        feed.once()
    feed.flush()
    desk.take(records(feed) // 2)
    kept_until(lambda: told(settings, unique).ticks == desk.distinct - first, sink)
    assert told(settings, unique).groups[0]["start_unknown"]
    desk.close()


def test_where_the_log_may_not_be_read_one_of_the_meters_asks_instead(
    settings: Settings, sink: Kept, start: Start, unique: str
) -> None:
    feed = filled(settings)
    kept_until(lambda: Proof(settings).holds(feed.stored), sink)
    desk = Desk(settings, f"{unique}.desk")
    desk.begin()
    meters = [start("poll"), start("poll")]
    kept_until(lambda: bool(told(settings, unique).groups), sink)  # it has seen where the group begins
    desk.take(500)
    kept_until(lambda: agrees(settings, desk), sink)
    meters[0].end(signal.SIGKILL)
    desk.take(700)
    kept_until(lambda: agrees(settings, desk), sink)
    desk.close()
    assert meters[1].end(signal.SIGTERM) == 0

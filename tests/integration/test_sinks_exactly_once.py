"""Nothing lost, nothing doubled: sinks that are killed, suspended, cut off, and replaced."""

import os
import random
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from schemas import topics
from schemas.codec import warm
from sinks.bars import Bars
from tests.sink_parts import Feed, Kept, Life, Proof, deployment, kept_until, letters
from tierfeed.settings import ClickHouseSettings, KafkaSettings, Settings

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse]

SEED = int(os.environ.get("TIERFEED_TEST_SEED", "0")) or random.randrange(1, 1_000_000)
BARS = "SELECT count(), groupBitXor(cityHash64(* EXCEPT computed_at)) FROM bars"

Start = Callable[..., Life]


@pytest.fixture
def settings(unique: str, tmp_path: Path, kafka: KafkaSettings, database: ClickHouseSettings) -> Settings:
    warm()  # compiled here once: a process that is killed while it compiles leaves nothing for the next one
    return deployment(unique, tmp_path, kafka, database, session_timeout_ms=4000)


@pytest.fixture
def start(settings: Settings, tmp_path: Path) -> Iterator[Start]:
    """Starts a sink process; its settings may differ from life to life."""
    lives: list[Life] = []

    def begin(mood: str = "careful", **sink: int) -> Life:
        own = settings.model_copy(update={"sink": settings.sink.model_copy(update=sink)})
        lives.append(Life(own, tmp_path / f"sink{len(lives)}.log", mood))
        return lives[-1]

    yield begin
    for life in lives:
        life.end()


def killed(start: Start, proof: Proof, chance: random.Random, mood: str = "careful") -> None:
    """A life with a flush size of its own that stores something and is killed at a random moment after that."""
    before, size, age = proof.distinct("ticks"), chance.choice([37, 500, 4000]), chance.choice([1, 20, 200])
    sink = Kept(lambda: start(mood, flush_rows=size, flush_ms=age))
    kept_until(lambda: proof.distinct("ticks") > before, sink)
    more = proof.rows("ticks") + chance.randrange(3000)
    kept_until(lambda: proof.rows("ticks") > more, sink)
    sink.life.end(signal.SIGKILL)


def test_a_sink_that_is_killed_again_and_again_stores_every_record_once(settings: Settings, start: Start) -> None:
    print("seed", SEED)
    chance, proof = random.Random(SEED), Proof(settings)
    with Feed(settings) as feed:
        for _ in range(5):
            killed(start, proof, chance)
    last = Kept(start)
    kept_until(lambda: proof.holds(feed.stored), last)
    last.life.end(signal.SIGTERM)
    proof.assert_once(feed.stored)
    (tier,) = settings.tiers()
    sent = letters(settings, topics.tier(tier.name))
    assert len(sent) == len({(letter.partition(), dict(letter.headers())["source_offset"]) for letter in sent})
    assert len(sent) == feed.poison
    Bars(proof.connection).refresh()
    bars = proof.connection.query(BARS)
    proof.connection.command("TRUNCATE TABLE bars_1m")
    Bars(proof.connection).recompute_all()
    assert proof.connection.query(BARS) == bars


def test_a_sink_that_does_not_look_at_what_is_stored_doubles(settings: Settings, start: Start) -> None:
    """The negative control: the test above would notice."""
    print("seed", SEED)
    chance, proof = random.Random(SEED), Proof(settings)
    with Feed(settings) as feed:
        for _ in range(3):
            killed(start, proof, chance, "careless")
    kept_until(lambda: proof.holds(feed.stored), Kept(lambda: start("careless")))
    assert proof.rows("ticks") > proof.distinct("ticks")


def test_a_suspended_sink_that_wakes_up_late_does_no_harm(settings: Settings, start: Start) -> None:
    proof = Proof(settings)
    with Feed(settings) as feed:
        first = Kept(lambda: start(flush_rows=200))
        kept_until(lambda: proof.rows("ticks") > 500, first)
        suspended, at = first.life, proof.rows("ticks")
        suspended.send(signal.SIGSTOP)
        second = Kept(lambda: start(flush_rows=300))
        kept_until(lambda: proof.rows("ticks") > at + 3000, second)
        suspended.send(signal.SIGCONT)
        woken_at = proof.rows("ticks")
        kept_until(lambda: suspended.process.poll() is not None or proof.rows("ticks") > woken_at + 5000, second)
    kept_until(lambda: proof.holds(feed.stored), second)
    proof.assert_once(feed.stored)


def test_two_sinks_share_the_partitions_and_hand_them_over(settings: Settings, start: Start) -> None:
    proof = Proof(settings)
    with Feed(settings) as feed:
        first = Kept(lambda: start(flush_rows=200))
        kept_until(lambda: proof.rows("ticks") > 500, first)
        second = Kept(lambda: start(flush_rows=300))
        kept_until(lambda: second.life.is_ready, first, second)
        joined_at = proof.rows("ticks")
        kept_until(lambda: proof.rows("ticks") > joined_at + 5000, first, second)
        assert first.life.end(signal.SIGTERM) == 0
    kept_until(lambda: proof.holds(feed.stored), second)
    proof.assert_once(feed.stored)

"""Whoever comes in the middle of a session has the last values at once, and then every update: real stream workers."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas import topics
from tests.builders import eventually
from tests.integration.client_parts import run
from tests.integration.stream_parts import SYMBOLS, Parts, deployed, ends_of, members, publish_tape, said
from tierfeed.client import Gap, Quote, TierConsumer
from tierfeed.settings import KafkaSettings, Settings

pytestmark = pytest.mark.kafka

COMERS = 8


@pytest.fixture
def live(kafka: KafkaSettings, unique: str, tmp_path: Path) -> Iterator[Settings]:
    """A deployment that publishes."""
    tier = {"symbols": "all", "interval_ms": 20, "depth_hours": 1, "redundancy": 1, "record": "EnterpriseQuote"}
    short = {"session_timeout_ms": 10_000, "delivery_timeout_ms": 1000, "commit_interval_s": 0.2}
    settings = deployed(kafka, unique, tmp_path, [unique], {unique: tier | {"brokers": [unique]}}, stream=short)
    tape = threading.Thread(target=publish_tape, args=(settings, 40, 100), kwargs={"over_s": 12, "seed": 5})
    with Parts(settings, tmp_path) as parts:
        for part in ("tiers", "latest"):
            parts.start("stream", "run", "--part", part)
        eventually(
            lambda: all(members(settings, f"{settings.stream.app_id}-{part}") for part in ("tiers", "latest")), 40
        )
        tape.start()
        eventually(lambda: sum(ends_of(settings, topics.latest(unique)).values()) > 2 * len(SYMBOLS), 20)
        yield settings
        tape.join()


def test_whoever_comes_has_the_last_value_of_every_symbol_and_then_every_update(live: Settings) -> None:
    tier = live.brokers[0]
    told: list[list[Quote]] = []

    async def test() -> None:
        for number in range(COMERS):
            comer = TierConsumer(
                live.kafka.bootstrap_servers, tier=tier, tenant=tier, group=f"desk{number}", latest=True
            )
            quotes: list[Quote] = []
            async with comer, asyncio.timeout(10):
                async for update in comer:
                    assert not isinstance(update, Gap)
                    quotes += [update] if isinstance(update, Quote) else []
                    if sum(not quote.is_snapshot for quote in quotes) > 100:
                        break
            assert comer.stats.stale_epoch == comer.stats.unknown == 0
            told.append(quotes)

    run(test())
    records, _ = said(live, topics.tier(tier))
    for symbol in SYMBOLS:
        published = [record["upto_sequence"] for record in records if record["symbol"] == symbol]
        for quotes in told:
            mine = [quote for quote in quotes if quote.symbol == symbol]
            assert [quote.is_snapshot for quote in mine] == [True] + [False] * (len(mine) - 1)
            begin = published.index(mine[0].upto_sequence)
            assert [quote.upto_sequence for quote in mine] == published[begin : begin + len(mine)]
    assert sum(len(quotes) for quotes in told) > 100 * COMERS

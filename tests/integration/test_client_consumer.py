"""The consumer on real Kafka: what it yields, what it commits, where it goes on."""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from infra.embedded.registry import app, serve
from schemas import catalogue
from tests.builders import eventually
from tests.integration.client_parts import AT, GROUP, Worker, reads_until, run, take, until
from tests.integration.stream_parts import PARTITIONS, members
from tierfeed.client import (
    ConfigError,
    EntitlementError,
    Fresh,
    Gap,
    GapNotice,
    Quote,
    Session,
    Stale,
    TierConsumer,
    Update,
    UpstreamError,
)
from tierfeed.domain.words import QuoteState
from tierfeed.settings import KafkaSettings, load_settings

pytestmark = pytest.mark.kafka

SYMBOLS = ("EURUSD", "GBPUSD", "USDJPY", "AUDUSD", "NZDUSD", "USDCHF", "USDCAD", "EURJPY")
CHILD = Path(__file__).with_name("client_child.py")


@pytest.fixture
def worker(kafka: KafkaSettings, unique: str) -> Worker:
    return Worker(kafka, unique)


def uptos(updates: list[Update], symbol: str = "EURUSD") -> list[int]:
    return [update.upto_sequence for update in updates if isinstance(update, Quote) and update.symbol == symbol]


def test_quotes_and_what_the_topic_says_and_proves_of_them_come_in_order(worker: Worker) -> None:
    at = worker.partition("EURUSD")
    worker.say("SESSION", at, reason="opened")
    worker.say("HEARTBEAT", at)
    record = worker.quote("EURUSD", conflated=2)
    worker.quote("EURUSD", lost=True)
    worker.quote("EURUSD", lost=True, conflated=1)
    worker.quote("EURUSD", conflated=1)
    worker.say("STALE", at, symbol="EURUSD", reason="NO_QUOTE")
    worker.say("FRESH", at, symbol="EURUSD")
    spans = {"from_time": AT - timedelta(seconds=3), "to_time": AT}
    worker.say("GAP", at, symbol="EURUSD", reason="missing", **spans)
    worker.say("GAP", at, reason="history was lost")
    worker.send(catalogue.header(7777) + b"of a later version", at)
    worker.send(b"not of tierfeed", at, b"EURUSD")
    worker.epoch = 2
    worker.say("SESSION", at, reason="opened")
    worker.say("STALE", at, epoch=1, symbol="EURUSD", reason="of a worker that had been replaced")
    worker.say("SESSION", at, reason="closed")
    worker.flush()

    async def test() -> None:
        async with worker.consumer(from_="beginning") as consumer:
            first, quote, gap, after, *rest = await take(consumer, 10)
            assert first == Session(1, True, AT, at)
            assert isinstance(quote, Quote)
            assert isinstance(after, Quote)
            typed = (quote.symbol, quote.bid, quote.ask, quote.mid, quote.state, quote.as_of_time, quote.epoch)
            assert typed == ("EURUSD", 1.1, 1.2, 1.15, QuoteState.NORMAL, AT, 1)
            assert (quote.conflated_count, quote.upto_sequence, quote.sources) == (2, 3, {"fxcm": 5})
            assert (quote.partition, quote.offset, quote.is_snapshot, quote.event_time) == (at, 2, False, None)
            assert {name: quote.fields[name] for name in record} == record
            assert gap == Gap("EURUSD", 4, 6)
            assert (after.upto_sequence, after.conflated_count) == (8, 1)
            assert rest == [
                Stale("EURUSD", AT, "NO_QUOTE"),
                Fresh("EURUSD", AT),
                GapNotice("EURUSD", AT, "missing", *spans.values()),
                GapNotice(None, AT, "history was lost"),
                Session(2, True, AT, at),
                Session(2, False, AT, at),
            ]
            stats = consumer.stats
            assert (stats.quotes, stats.conflated, stats.gaps, stats.missing) == (2, 3, 1, 3)
            assert (stats.stale_epoch, stats.unknown, stats.repeated) == (1, 2, 0)
            assert stats.bytes > 300
            assert consumer.last_heartbeat == {at: AT}
            assert not consumer.is_live(within_s=60)  # of the other partitions nothing was heard
            for partition in range(PARTITIONS):
                worker.say("HEARTBEAT", partition)
            worker.flush()
            await reads_until(consumer, lambda: consumer.is_live(within_s=60))
            assert not consumer.is_live(within_s=-60)
            assert set(consumer.lag.values()) == {0}

    run(test())


def test_quotes_alone_are_there_for_whoever_wants_nothing_else_and_of_some_symbols_only(worker: Worker) -> None:
    for _ in range(3):
        worker.quote("USDJPY")
        worker.quote("EURUSD")
    worker.say("STALE", worker.partition("USDJPY"), symbol="USDJPY")
    worker.say("STALE", worker.partition("EURUSD"), symbol="EURUSD")
    worker.quote("EURUSD")
    worker.flush()

    async def test() -> None:
        async with worker.consumer(from_="beginning", symbols={"EURUSD"}) as consumer:
            found = []
            async for quote in consumer.quotes():
                found.append(quote)
                if quote.upto_sequence == 4:
                    break
            assert uptos(list(found)) == [1, 2, 3, 4]
            assert {quote.symbol for quote in found} == {"EURUSD"}
            assert consumer.stats.quotes == 4

    run(test())
    assert worker.committed()[worker.partition("EURUSD")] == worker.ends[worker.partition("EURUSD")]


def test_what_was_taken_is_committed_and_never_more(worker: Worker) -> None:
    at = worker.partition("EURUSD")
    for _ in range(5):
        worker.quote("EURUSD")
    worker.flush()

    async def test() -> None:
        async with worker.consumer(from_="beginning", commit_every_s=0.1):
            pass
        assert sorted(worker.commits()) == [(p, 0, "tierfeed from=0") for p in range(PARTITIONS)]
        with contextlib.suppress(ZeroDivisionError):
            async with worker.consumer(from_="resume", commit_every_s=0.1) as consumer:
                assert uptos(await take(consumer, 3)) == [1, 2, 3]
                raise ZeroDivisionError  # the third is in hand, and was not dealt with
        assert worker.committed()[at] == 2
        async with worker.consumer(from_="resume", commit_every_s=0.1) as consumer:
            assert uptos(await take(consumer, 1)) == [3]
            assert worker.committed()[at] == 2
            assert uptos(await take(consumer, 1)) == [4]
            assert uptos(await reads_until(consumer, lambda: worker.committed()[at] == 5)) == [5]
            worker.quote("EURUSD")
            worker.flush()
            assert uptos(await take(consumer, 1)) == [6]
        assert worker.committed()[at] == 6

    run(test())
    mine = [(offset, metadata) for partition, offset, metadata in worker.commits() if partition == at]
    began = [commit for commit in mine if commit[1]]
    assert began == [(0, "tierfeed from=0"), (0, "tierfeed from=0"), (2, "tierfeed from=2")]
    assert [offset for offset, _ in mine] == sorted(offset for offset, _ in mine)


def test_seeking_goes_back_to_a_time_or_to_the_beginning_and_says_so(worker: Worker) -> None:
    at = worker.partition("EURUSD")
    worker.quote("EURUSD")
    worker.flush()
    early = appended_ms(worker, 0)
    eventually(lambda: datetime.now(UTC).timestamp() * 1000 > early + 20)
    between = datetime.fromtimestamp((early + 10) / 1000, UTC)
    worker.quote("EURUSD")
    worker.flush()

    async def test() -> None:
        async with worker.consumer() as consumer:
            worker.quote("EURUSD")
            worker.flush()
            assert uptos(await take(consumer, 1)) == [3]
            await consumer.seek_to_time(between)
            assert uptos(await take(consumer, 2)) == [2, 3]
            await consumer.seek_to_beginning()
            assert uptos(await take(consumer, 3)) == [1, 2, 3]
            with pytest.raises(ConfigError, match="zone"):
                await consumer.seek_to_time(datetime(2026, 1, 5))  # noqa: DTZ001  what is refused
        assert consumer.stats.gaps == consumer.stats.repeated == 0

    run(test())
    mine = [(offset, metadata) for partition, offset, metadata in worker.commits() if partition == at]
    assert mine == [
        (2, "tierfeed from=2"), (3, ""), (1, "tierfeed from=1"), (3, ""), (0, "tierfeed from=0"), (3, ""),
    ]  # fmt: skip


def appended_ms(worker: Worker, offset: int) -> int:
    """When a record of EURUSD came to the topic, by the cluster's clock."""

    async def ask() -> int:
        async with worker.consumer(group="times", from_="beginning") as consumer:
            await take(consumer, 1)
            return int(consumer._kafka.last_poll_timestamp(next(iter(consumer._places))) or 0)

    return asyncio.run(ask())


def test_the_last_values_come_first_and_every_update_after_them_once(worker: Worker) -> None:
    records = [worker.quote("EURUSD"), worker.quote("EURUSD")]
    jpy = worker.quote("USDJPY")
    worker.flush()
    at = worker.partition("EURUSD")
    worker.copy(records[0], 0, 1)
    if worker.partition("USDJPY") == at:
        worker.copy(jpy, 2, 1)
    else:
        worker.copy(jpy, 0, 1)
    worker.flush()

    async def test() -> None:
        async with worker.consumer(latest=True) as consumer:
            worker.quote("EURUSD", lost=True)
            worker.quote("EURUSD")
            worker.flush()
            updates = await take(consumer, 5)
            assert sorted((u.symbol, u.upto_sequence) for u in updates[:2] if isinstance(u, Quote)) == [
                ("EURUSD", 1), ("USDJPY", 1),
            ]  # fmt: skip
            assert [update.is_snapshot for update in updates[:2] if isinstance(update, Quote)] == [True, True]
            assert uptos(updates[2:]) == [2, 4]
            assert Gap("EURUSD", 3, 3) in updates[2:]
            assert not any(update.is_snapshot for update in updates[2:] if isinstance(update, Quote))

    run(test())
    with pytest.raises(ConfigError, match="from_ must be 'latest', was 'resume'"):
        worker.consumer(latest=True, from_="resume")


@asynccontextmanager
async def in_background(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    task = asyncio.ensure_future(work)
    yield
    task.cancel()
    await asyncio.wait([task])


async def publish(worker: Worker) -> None:
    while True:
        for symbol in SYMBOLS:
            worker.quote(symbol)
        worker.flush()
        await asyncio.sleep(0.01)


async def read_into(found: list[Update], consumer: TierConsumer) -> None:
    async for update in consumer:
        found.append(update)  # noqa: PERF401  one by one: it is looked at meanwhile


def test_members_that_come_and_go_share_the_partitions_and_lose_nothing(worker: Worker) -> None:
    found: list[Update] = []

    async def test() -> None:
        async with worker.consumer(from_="beginning") as first, in_background(read_into(found, first)):
            async with in_background(publish(worker)):
                await until(lambda: len(first.lag) == PARTITIONS)
                async with worker.consumer(from_="resume") as second, in_background(read_into(found, second)):
                    await until(lambda: first.lag and second.stats.quotes > 100)
                    assert len(first.lag) + len(second.lag) == PARTITIONS
                await until(lambda: len(first.lag) == PARTITIONS)
            await until(lambda: wanted() <= {*numbers()})

    def wanted() -> set[tuple[str, int]]:
        return {(symbol, n) for symbol in SYMBOLS for n in range(1, worker.uptos[symbol] + 1)}

    def numbers() -> list[tuple[str, int]]:
        return [(update.symbol, update.upto_sequence) for update in found if isinstance(update, Quote)]

    run(test(), 120)
    assert not [update for update in found if isinstance(update, Gap)]
    # What was in hand when the group was divided anew may come twice, no more.
    assert len(numbers()) - len(wanted()) <= 2 * PARTITIONS


def test_a_reader_that_is_killed_goes_on_where_it_had_committed_and_loses_nothing(
    worker: Worker, tmp_path: Path
) -> None:
    at, notes, count = worker.partition("EURUSD"), tmp_path / "taken", 20_000
    for _ in range(count):
        worker.quote("EURUSD")
    worker.flush()

    def noted() -> list[int]:
        return [int(line) for line in notes.read_text().split("\n")[:-1]] if notes.exists() else []

    with child(worker, notes, "beginning"):
        eventually(lambda: len(noted()) > 4000, 40)
    before, committed = noted(), worker.committed()[at]
    assert 0 < committed <= len(before) < count
    with child(worker, notes, "resume"):
        eventually(lambda: noted()[-1] == count, 60)
    assert before == [*range(1, len(before) + 1)]
    assert noted()[len(before) :] == [*range(committed + 1, count + 1)]  # what comes again was not committed


@contextmanager
def child(worker: Worker, notes: Path, begin: str) -> Iterator[None]:
    """A reader of its own process, killed in the end."""
    command = [sys.executable, str(CHILD), str(notes), worker.kafka.bootstrap_servers, worker.tier, GROUP, begin]
    process = subprocess.Popen(command)
    try:
        yield
    finally:
        process.kill()
        process.wait(10)


def test_schemas_of_a_registry_are_asked_for_once_and_unknown_ones_are_counted(worker: Worker) -> None:
    at = worker.partition("EURUSD")
    worker.quote("EURUSD")
    worker.send(catalogue.header(4242) + b"?", at)
    worker.quote("EURUSD")
    worker.flush()

    async def test(url: str) -> None:
        async with worker.consumer(from_="beginning", registry_url=url) as consumer:
            assert uptos(await take(consumer, 2)) == [1, 2]
            assert consumer.stats.unknown == 1

    with serve(app([])) as url:
        run(test(url))
    # Where none answers nothing can be said of a record: it is not skipped.
    with pytest.raises(UpstreamError, match="schema registry http"):
        run(test(url))


def test_a_login_that_is_refused_says_so_and_what_to_do(worker: Worker) -> None:
    async def test() -> None:
        async with worker.consumer(password="guessed"):
            raise AssertionError("was let in")

    with pytest.raises(EntitlementError) as refused:
        run(test())
    told = str(refused.value)
    assert refused.value.exit_code == 2
    for part in (worker.tenant, worker.topic, f"{worker.tenant}.{GROUP}", "SASL_PLAINTEXT", "check username"):
        assert part in told


def test_a_group_is_its_tenants(worker: Worker) -> None:
    async def test() -> None:
        async with worker.consumer():
            settings = load_settings(kafka=worker.kafka)
            (assigned,) = await asyncio.to_thread(members, settings, f"{worker.tenant}.{GROUP}")
            assert assigned == set(range(PARTITIONS))

    run(test())

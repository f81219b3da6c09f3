"""What a collector publishes on a real Kafka cluster, and what it refuses to."""

from collections import Counter
from pathlib import Path

import pytest

from collectors.port import Ledger
from collectors.replay.tape import SHIPPED, read_tape
from schemas import topics
from tests.integration.collectors_cluster import PARTITIONS, Cluster, tape_of
from tests.unit.collectors.tapes import lean_rows, lean_zip, write_tape
from tierfeed.domain.partitions import partition_of
from tierfeed.errors import ConfigError
from tierfeed.settings import KafkaSettings

pytestmark = pytest.mark.kafka


@pytest.fixture
def cluster(kafka: KafkaSettings, unique: str) -> Cluster:
    return Cluster(kafka, unique)


def test_the_shipped_tape_is_published_as_its_ledger_says(cluster: Cluster, tmp_path: Path) -> None:
    text = SHIPPED.read_text().replace("paths: [", f"paths: [{SHIPPED.parent}/")
    mine = {name: cluster.broker(name) for name in ("fxcm", "ic_markets", "pepperstone")}
    for name, own in mine.items():
        text = text.replace(f"broker: {name}", f"broker: {own}")
    (tmp_path / "TAPE.yaml").write_text(text)
    tape = read_tape(tmp_path / "TAPE.yaml")
    for own in mine.values():
        outcome = cluster.collect(own, tape)
        records = [record for told in cluster.records(own).values() for record in told]
        ticks = [record for name, record in records if name == "Tick"]
        assert outcome.ledger is not None
        assert outcome.published == len(ticks) == outcome.ledger.total.published
        assert Counter(record["symbol"] for record in ticks) == _by_symbol(outcome.ledger)
        assert _lost_and_doubled(ticks) == (outcome.ledger.total.skipped, outcome.ledger.total.redelivered)


def _by_symbol(ledger: Ledger) -> Counter[str]:
    found: Counter[str] = Counter()
    for row in ledger.rows:
        found[row.symbol] += row.published
    return found


def _lost_and_doubled(ticks: list[dict[str, object]]) -> tuple[int, int]:
    """Holes in the sequences of each stream and symbol, and sequences that came twice."""
    seen: dict[tuple[object, ...], Counter[object]] = {}
    for tick in ticks:
        seen.setdefault((tick["line"], tick["session"], tick["symbol"]), Counter())[tick["sequence"]] += 1
    lost = sum(max(counts) - min(counts) + 1 - len(counts) for counts in seen.values())  # type: ignore[call-overload, operator, type-var]
    return lost, sum(counts.total() - len(counts) for counts in seen.values())


def test_the_same_tape_twice_is_the_same_ticks_byte_for_byte_on_the_partition_of_their_symbol(
    cluster: Cluster, tmp_path: Path
) -> None:
    brokers = [cluster.broker(f"b{number}") for number in range(2)]
    tape = tape_of(tmp_path, *brokers, seconds=10)
    for mine in brokers:
        assert cluster.collect(mine, tape).published == 3000
    first, second = (cluster.messages(topics.ticks(mine)) for mine in brokers)
    for at in range(PARTITIONS):
        ticks, others = ([m for m in told[at] if m.key() is not None] for told in (first, second))
        theirs = [m.value().replace(brokers[1].encode(), brokers[0].encode()) for m in others]
        assert [m.value() for m in ticks] == theirs
        assert {partition_of(m.key().decode(), PARTITIONS) for m in ticks} <= {at}
        assert {tuple(m.headers() or ()) for m in ticks} <= {()}
        control = [message for message in first[at] if message.key() is None]
        assert {tuple(message.headers()) for message in control} == {(("kind", b"SessionRecord"),)}


def test_published_again_nothing_is_added(cluster: Cluster, tmp_path: Path) -> None:
    mine = cluster.broker("b")
    tape = tape_of(tmp_path, mine, seconds=3)
    assert cluster.collect(mine, tape).published == 900
    stored = cluster.stored(mine)
    again = cluster.collect(mine, tape)
    assert (again.published, again.found, cluster.stored(mine)) == (0, 900, stored)


def test_a_row_that_is_no_tick_is_dead_lettered_once_with_its_line(cluster: Cluster, tmp_path: Path) -> None:
    mine = cluster.broker("b")
    entry = {"broker": mine, "symbol": "EURUSD", "format": "lean", "paths": ["*.zip"]}
    data = lean_zip(b"1000,1.1,1.2\r\n1500,oops,1.2\r\n2000,1.1,1.3\r\n")
    tape = write_tape(tmp_path, [entry], **{"140508_quote__zip": data})
    assert [cluster.collect(mine, tape).dead for _ in range(2)] == [1, 0]
    letters = [message for told in cluster.messages(topics.dlq(topics.ticks(mine))).values() for message in told]
    (letter,) = letters
    assert (letter.key(), letter.value()) == (b"EURUSD", b"1500,oops,1.2")
    assert letter.partition() == partition_of("EURUSD", PARTITIONS)
    assert dict(letter.headers()) == {
        "error": b"field 2 is not a number: 'oops'",
        "stage": b"collector",
        "source_file": b"140508_quote.zip",
        "source_line": b"2",
    }


def test_nothing_of_a_tape_with_a_damaged_file_is_published(cluster: Cluster, tmp_path: Path) -> None:
    mine = cluster.broker("b")
    path = tape_of(tmp_path, mine, seconds=1)
    file = tmp_path / "20140508_USDJPY.zip"
    file.write_bytes(file.read_bytes()[:-5])
    with pytest.raises(ConfigError, match=r"20140508_USDJPY\.zip: is not a whole zip"):
        cluster.collect(mine, path)
    assert cluster.stored(mine) == 0


def test_a_topic_that_is_not_there_is_told(cluster: Cluster, unique: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"topic ticks.{unique} is not there"):
        cluster.collect(unique, tape_of(tmp_path, unique, seconds=1))


def test_another_tape_of_the_same_time_is_refused_and_a_later_one_is_not(cluster: Cluster, tmp_path: Path) -> None:
    mine = cluster.broker("b")
    entry = {"broker": mine, "symbol": "EURUSD", "format": "lean", "paths": ["*.zip"]}
    for day, rows in (("140508", 30), ("140508", 20), ("140509", 20)):
        for old in tmp_path.glob("*.zip"):
            old.unlink()
        data = lean_zip(lean_rows((1000 + at * 100, 1.1, 1.2) for at in range(rows)))
        tape = write_tape(tmp_path, [entry], **{f"{day}__zip": data})
        if rows == 20 and day == "140508":
            with pytest.raises(ConfigError, match="holds"):
                cluster.collect(mine, tape)
        else:
            assert cluster.collect(mine, tape).published == rows

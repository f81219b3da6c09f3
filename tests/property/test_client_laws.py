"""What a consumer tells of a partition, whatever is lost, doubled or late on the way. No Kafka: records are values."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tierfeed.client import Gap, Quote, Stats
from tierfeed.client.reader import PartitionReader
from tierfeed.client.snapshot import Copy, snapshot

AT = datetime(2026, 1, 5, tzinfo=UTC)
SYMBOLS = ("EURUSD", "USDJPY", "GBPUSD")


@dataclass(frozen=True)
class Record:
    """A tier record, and what became of it on the way."""

    fields: dict[str, Any]
    is_deleted: bool = False

    @property
    def symbol(self) -> str:
        return str(self.fields["symbol"])

    @property
    def covers(self) -> range:
        upto = self.fields["upto_sequence"]
        return range(upto - self.fields["conflated_count"], upto + 1)


@st.composite
def lawful(draw: st.DrawFn) -> list[Record]:
    """A partition as workers publish it: numbers without holes per symbol, epochs that never go back."""
    uptos: defaultdict[str, int] = defaultdict(int)
    epoch, records = 1, []
    for _ in range(draw(st.integers(0, 40))):
        epoch += draw(st.sampled_from((0, 0, 0, 1)))
        symbol, conflated = draw(st.sampled_from(SYMBOLS)), draw(st.integers(0, 3))
        uptos[symbol] += 1 + conflated
        records.append(Record(quote(symbol, uptos[symbol], conflated, epoch), draw(st.booleans())))
    return records


def quote(symbol: str, upto: int, conflated: int, epoch: int) -> dict[str, Any]:
    return {"symbol": symbol, "upto_sequence": upto, "conflated_count": conflated, "epoch": epoch, "time": AT}


def read(records: list[dict[str, Any]], reader: PartitionReader) -> list[Any]:
    return [update for n, fields in enumerate(records) for update in reader.read("ProQuote", fields, n, 0)]


def gaps_of(updates: list[Any]) -> dict[str, set[int]]:
    found: defaultdict[str, set[int]] = defaultdict(set)
    for update in updates:
        if isinstance(update, Gap):
            numbers = set(range(update.from_sequence, update.to_sequence + 1))
            assert numbers
            assert not numbers & found[update.symbol]
            found[update.symbol] |= numbers
    return {symbol: numbers for symbol, numbers in found.items() if numbers}


def provable(records: list[Record]) -> dict[str, set[int]]:
    """Of each symbol, what was deleted between two of its records that came."""
    found: dict[str, set[int]] = {}
    for symbol in SYMBOLS:
        mine = [record for record in records if record.symbol == symbol]
        came = [n for n, record in enumerate(mine) if not record.is_deleted]
        between = mine[came[0] : came[-1]] if came else []
        if numbers := {number for record in between if record.is_deleted for number in record.covers}:
            found[symbol] = numbers
    return found


@given(lawful())
def test_exactly_the_updates_that_were_deleted_are_told_as_gaps(records: list[Record]) -> None:
    stats = Stats()
    came = [record for record in records if not record.is_deleted]
    updates = read([record.fields for record in came], PartitionReader(0, frozenset(), stats))
    assert gaps_of(updates) == provable(records)
    assert [update.fields for update in updates if isinstance(update, Quote)] == [record.fields for record in came]
    assert (stats.quotes, stats.repeated, stats.stale_epoch) == (len(came), 0, 0)
    assert stats.conflated == sum(record.fields["conflated_count"] for record in came)
    assert stats.missing == sum(len(numbers) for numbers in provable(records).values())
    assert stats.gaps == sum(isinstance(update, Gap) for update in updates)


@given(lawful(), st.data())
def test_records_that_come_again_or_of_an_older_epoch_change_nothing(
    records: list[Record], data: st.DataObject
) -> None:
    came = [record.fields for record in records if not record.is_deleted]
    undisturbed = read(came, PartitionReader(0, frozenset(), Stats()))
    disturbed, again, stale = [], 0, 0
    for n, fields in enumerate(came):
        disturbed.append(fields)
        for earlier in data.draw(st.lists(st.sampled_from(came[: n + 1]), max_size=2)):
            is_stale = data.draw(st.booleans())
            # A worker that was replaced may say what nobody else says: numbers that are yet to come.
            ahead = {"upto_sequence": earlier["upto_sequence"] + 5, "epoch": fields["epoch"] - 1} if is_stale else {}
            disturbed.append(earlier | ({"epoch": fields["epoch"]} | ahead))
            stale, again = stale + is_stale, again + (not is_stale)
    stats = Stats()
    updates = read(disturbed, PartitionReader(0, frozenset(), stats))
    assert [strip(update) for update in updates] == [strip(update) for update in undisturbed]
    assert (stats.stale_epoch, stats.repeated) == (stale, again)


def strip(update: Any) -> Any:
    return dict(update.fields) if isinstance(update, Quote) else update


@given(lawful(), st.sets(st.sampled_from(SYMBOLS), min_size=1))
def test_symbols_that_are_not_wanted_are_neither_told_nor_counted(records: list[Record], wanted: set[str]) -> None:
    came = [record.fields for record in records if not record.is_deleted]
    everything = read(came, PartitionReader(0, frozenset(), Stats()))
    stats = Stats()
    updates = read(came, PartitionReader(0, wanted, stats))
    assert [strip(update) for update in updates] == [strip(u) for u in everything if u.symbol in wanted]
    assert stats.quotes == sum(isinstance(update, Quote) for update in updates)


@given(lawful(), st.data())
def test_the_live_records_follow_the_snapshot_without_a_hole_or_a_double(
    records: list[Record], data: st.DataObject
) -> None:
    """`.latest` is written by an agent that lags, sends symbols in any order, and may send what it has sent before."""
    topic = [record.fields for record in records]
    copies = list(written(topic, data))
    known = snapshot(copies)
    stats = Stats()
    start = 0 if known.start is None else known.start
    updates = read(topic[start:], PartitionReader(0, frozenset(), stats, known.order()))
    assert gaps_of(updates) == {}
    assert stats.stale_epoch == 0
    for symbol in SYMBOLS:
        uptos = [fields["upto_sequence"] for fields in topic if fields["symbol"] == symbol]
        first = [quote.upto_sequence for quote in known.quotes if quote.symbol == symbol]
        live = [u.upto_sequence for u in updates if isinstance(u, Quote) and u.symbol == symbol]
        assert first + live == (uptos[uptos.index(first[0]) :] if first else uptos)


def written(topic: list[dict[str, Any]], data: st.DataObject) -> Iterator[Copy]:
    """As the latest agent does it: a copy per symbol that is due; the last says up to where nothing waits."""
    waiting: dict[str, tuple[int, int]] = {}  # since which record, and the newest
    read_to = 0
    for offset, fields in enumerate(topic[: data.draw(st.integers(0, len(topic)))]):
        since, _ = waiting.get(fields["symbol"], (offset, offset))
        waiting[fields["symbol"]], read_to = (since, offset), offset + 1
        due = data.draw(st.permutations(sorted(waiting)))[: data.draw(st.integers(0, len(waiting)))]
        for n, symbol in enumerate(due, 1):
            _, at = waiting.pop(symbol)
            left = min((since for since, _ in waiting.values()), default=read_to)
            yield Copy(_copied(topic[at], at), at, left if n == len(due) else min(left, at))
            if data.draw(st.integers(0, 9)) == 0:
                earlier = [o for o in range(at) if topic[o]["symbol"] == symbol]
                if earlier:
                    yield Copy(_copied(topic[earlier[0]], earlier[0]), earlier[0], 0)


def _copied(fields: dict[str, Any], offset: int) -> Quote:
    return Quote(fields, 0, offset, is_snapshot=True)

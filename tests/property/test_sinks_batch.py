"""Laws of reading: nothing disappears, and how Kafka's batches happened to be cut changes nothing."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.catalogue import decode, header
from sinks.batch import Poison, Reading, Unstored, joined, read
from sinks.columns import strings
from sinks.port import Place
from tests.sink_data import ROUTES, Message, batch, control, enterprise, free, place, pro, session_record, tick
from tierfeed.errors import ContractError

EPOCHS = st.integers(0, 3)
RUBBISH = st.one_of(st.none(), st.binary(max_size=12), st.binary(max_size=9).map(lambda body: header(999) + body))
FITTING = {
    "tier.free": EPOCHS.map(lambda epoch: free(epoch=epoch)),
    "tier.pro": EPOCHS.map(lambda epoch: pro(epoch=epoch, bid_age_us=epoch or None)),
    "tier.enterprise": EPOCHS.map(lambda epoch: enterprise(epoch=epoch, brokers=[])),
}
PLACES = [place(topic, partition) for topic in FITTING for partition in (0, 1)]


def payloads(at: Place) -> st.SearchStrategy[list[bytes | None]]:
    cut = st.builds(lambda payload, at: payload[:at], FITTING[at.topic], st.integers(0, 40))
    strangers = st.sampled_from([tick(), free(), pro()])
    controls = EPOCHS.map(lambda epoch: control(epoch=epoch))
    return st.lists(st.one_of(FITTING[at.topic], FITTING[at.topic], controls, strangers, RUBBISH, cut), max_size=8)


@st.composite
def topics_full(draw: st.DrawFn) -> dict[Place, list[bytes | None]]:
    return {at: draw(payloads(at)) for at in PLACES}


def stored(found: Reading) -> Counter[tuple[Place, int, str]]:
    if found.rows is None:
        return Counter()
    rows = found.rows.batch.to_pylist()
    return Counter((found.rows.spans[row.pop("place") - 1].place, row.pop("offset"), repr(row)) for row in rows)


def everything(log: dict[Place, list[bytes | None]]) -> Reading:
    return read([(at, batch(values)) for at, values in log.items()], ROUTES, {})


@settings(deadline=None, max_examples=150)
@given(topics_full())
def test_what_comes_in_is_stored_or_counted(log: dict[Place, list[bytes | None]]) -> None:
    found = everything(log)
    assert sum(map(len, log.values())) == stored(found).total() + found.unstored.total()
    assert len(found.poison) == sum(n for (_, reason), n in found.unstored.items() if reason is Unstored.POISON)


@settings(deadline=None, max_examples=150)
@given(topics_full(), st.data())
def test_how_the_records_were_cut_into_batches_and_loads_changes_nothing(
    log: dict[Place, list[bytes | None]], data: st.DataObject
) -> None:
    whole, rows, poison, unstored, epochs = (
        everything(log),
        Counter[Any](),
        list[Poison](),
        Counter[Any](),
        dict[Place, int](),
    )
    for load in _loads(log, data):
        found = read(load, ROUTES, epochs)
        rows, poison, unstored, epochs = (
            rows + stored(found),
            poison + found.poison,
            unstored + found.unstored,
            found.epochs,
        )
    assert (rows, unstored) == (stored(whole), whole.unstored)
    assert sorted(poison, key=lambda each: (each.place, each.offset)) == whole.poison
    assert {at: epoch for at, epoch in epochs.items() if epoch >= 0} == {
        at: epoch for at, epoch in whole.epochs.items() if epoch >= 0
    }


@settings(deadline=None, max_examples=150)
@given(topics_full(), st.data())
def test_readings_joined_are_one_reading_of_everything(
    log: dict[Place, list[bytes | None]], data: st.DataObject
) -> None:
    whole, readings, epochs = everything(log), list[Reading](), dict[Place, int]()
    for load in _loads(log, data):
        readings.append(read(load, ROUTES, epochs))
        epochs = readings[-1].epochs
    found = joined(readings)
    assert (stored(found), found.unstored, found.epochs) == (stored(whole), whole.unstored, epochs)
    assert sorted(found.poison, key=lambda each: (each.place, each.offset)) == whole.poison
    if found.rows is not None and whole.rows is not None:
        assert sorted(found.rows.spans, key=str) == sorted(whole.rows.spans, key=str)
        assert found.rows.batch.schema == whole.rows.batch.schema
        assert all(found.rows.tiers[span.place.topic] == ROUTES[span.place.topic].tier for span in found.rows.spans)


def _loads(log: dict[Place, list[bytes | None]], data: st.DataObject) -> Iterator[list[Any]]:
    """The records of every place in order, in batches of any size, in loads of any mixture."""
    waiting = {at: list(enumerate(values)) for at, values in log.items() if values}
    load = []
    while waiting:
        at = data.draw(st.sampled_from(sorted(waiting)))
        size = data.draw(st.integers(1, len(waiting[at])))
        taken, waiting[at] = waiting[at][:size], waiting[at][size:]
        load.append((at, batch([value for _, value in taken], taken[0][0])))
        waiting = {at: left for at, left in waiting.items() if left}
        if data.draw(st.booleans()):
            yield load
            load = []
    yield load


@settings(deadline=None, max_examples=150)
@given(topics_full())
def test_each_record_meets_the_fate_its_own_partition_says(log: dict[Place, list[bytes | None]]) -> None:
    found = everything(log)
    kept = {(at, offset) for at, offset, _ in stored(found)}
    for at, values in log.items():
        assert {offset for place, offset in kept if place == at} == set(_fitting(at, values))


def _fitting(at: Place, values: list[bytes | None]) -> Iterator[int]:
    """The plain reading, record by record, on fastavro."""
    highest = -1
    for offset, value in enumerate(values):
        try:
            name, record = decode(value or b"")
        except ContractError:
            continue
        if name == "TierControl" or name == ROUTES[at.topic].record:
            if name != "TierControl" and record["epoch"] >= highest:
                yield offset
            highest = max(highest, record["epoch"])


@settings(deadline=None, max_examples=150)
@given(st.lists(st.one_of(st.none(), st.text()), max_size=30))
def test_strings_come_out_as_they_went_in(texts: list[str | None]) -> None:
    encoded = [(text or "").encode() for text in texts]
    buf = np.frombuffer(b"xyz".join([*encoded, b""]) + b"\xff", dtype=np.uint8)
    starts, position = [], 0
    for text in encoded:
        starts.append(position)
        position += len(text) + 3
    nulls = np.array([text is None for text in texts], dtype=np.bool_)
    found = strings(
        buf, np.array(starts, dtype=np.int64), np.array([len(text) for text in encoded], dtype=np.int64), nulls
    )
    found.validate(full=True)
    assert found.to_pylist() == texts


@settings(deadline=None, max_examples=150)
@given(
    st.lists(
        st.one_of(st.builds(tick, sequence=st.integers(0, 2**63 - 1)), st.builds(session_record), RUBBISH), max_size=40
    )
)
def test_poison_on_a_broker_topic_never_hides_a_tick(values: list[Any]) -> None:
    values = [Message(value, offset) for offset, value in enumerate(values)]
    found = read([(place(), batch(values))], ROUTES, {})
    assert found.poison == []
    assert len(values) == stored(found).total() + found.unstored.total()

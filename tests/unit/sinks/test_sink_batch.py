"""Fetched batches to columns: what is stored, what is not, and why."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from schemas.catalogue import header
from sinks.batch import Reading, Unstored, read
from sinks.port import Place, Span
from tests.sink_data import (
    NOON,
    ROUTES,
    SECOND,
    Batch,
    Message,
    batch,
    control,
    enterprise,
    free,
    place,
    pro,
    quality,
    session_record,
    tick,
)

TICKS, FREE = place("ticks.fxcm"), place("tier.free")


def reading(*parts: tuple[Place, Batch], epochs: dict[Place, int] | None = None) -> Reading:
    return read(parts, ROUTES, epochs or {})


def offsets(found: Reading) -> list[int]:
    return [] if found.rows is None else found.rows.batch["offset"].to_pylist()


def test_nothing_in_nothing_out() -> None:
    found = reading((TICKS, Batch(empty_end=7)))
    assert found == Reading({})
    assert found.rows is None


def test_a_tick_becomes_a_row() -> None:
    found = reading((TICKS, batch([tick(bid_size=5e6, event_time=None)], first=41)))
    assert found.rows is not None
    assert found.rows.batch.to_pylist()[0] | {"received_time": 0, "append_time": 0} == {
        "place": 1, "offset": 41, "append_time": 0, "broker": "fxcm", "symbol": "EURUSD", "bid": 1.1, "ask": 1.10002,
        "bid_size": 5e6, "ask_size": None, "event_time": None, "received_time": 0, "line": 0, "session": 1,
        "sequence": 1, "flags": 0,
    }  # fmt: skip
    assert found.rows.batch["received_time"].cast("int64").to_pylist() == [NOON]
    assert found.rows.spans == (Span(TICKS, 41, 41),)


def test_partitions_keep_their_own_offsets_and_spans() -> None:
    other = place("ticks.oanda", 4)
    found = reading((TICKS, batch([tick()] * 2, 10)), (other, batch([tick()], 5)), (TICKS, batch([tick()], 12)))
    assert found.rows is not None
    assert found.rows.spans == (Span(TICKS, 10, 12), Span(other, 5, 5))
    assert found.rows.batch.select(["place", "offset"]).to_pylist() == [
        {"place": 1, "offset": 10}, {"place": 1, "offset": 11}, {"place": 1, "offset": 12}, {"place": 2, "offset": 5},
    ]  # fmt: skip


def test_a_partition_with_nothing_to_store_has_no_span() -> None:
    found = reading((TICKS, batch([session_record()])), (place("ticks.oanda"), batch([tick()])))
    assert found.rows is not None
    assert [span.place.topic for span in found.rows.spans] == ["ticks.oanda"]
    assert found.rows.batch["place"].to_pylist() == [1]


def test_control_records_are_counted_and_not_stored() -> None:
    found = reading((TICKS, batch([session_record(), tick(), session_record(kind="SESSION_END")])))
    assert offsets(found) == [1]
    assert found.unstored == Counter({("ticks.fxcm", Unstored.CONTROL): 2})
    assert not found.poison


def test_a_gap_is_a_control_record_like_the_others() -> None:
    gap = control(kind="GAP", symbol="EURUSD", reason="missing", from_time=NOON - SECOND, to_time=NOON)
    found = reading((FREE, batch([free(), gap, free()])))
    assert offsets(found) == [0, 2]
    assert found.unstored == Counter({("tier.free", Unstored.CONTROL): 1})


def test_a_control_record_of_a_kind_to_come_is_skipped() -> None:
    payload = header(999) + b"whatever"
    found = reading((FREE, batch([Message(payload, 0, None, [("kind", b"TierNotice")]), free()])))
    assert offsets(found) == [1]
    assert found.unstored == Counter({("tier.free", Unstored.UNKNOWN_KIND): 1})


@pytest.mark.parametrize(
    ("payload", "error"),
    [
        (None, "no wire format header"),
        (b"", "no wire format header"),
        (b"\1\0\0\0\3xyz", "no wire format header"),
        (header(999) + b"x", "schema id 999 is not known"),
        (free()[:-1], "the body is not a FreeQuote (schema id 3)"),
        (control()[:-1], "the body is not a TierControl (schema id 6)"),
        (pro(), "a ProQuote (schema id 4) does not belong on this topic"),
        (tick(), "a Tick (schema id 1) does not belong on this topic"),
    ],
)
def test_poison_says_what_is_wrong_and_spares_its_neighbours(payload: bytes | None, error: str) -> None:
    found = reading((FREE, batch([free(), Message(payload, 1, b"key"), free()])))
    assert offsets(found) == [0, 2]
    (poison,) = found.poison
    assert (poison.place, poison.offset, poison.key, poison.value, poison.error) == (FREE, 1, b"key", payload, error)
    assert found.unstored == Counter({("tier.free", Unstored.POISON): 1})


def test_poison_on_a_broker_topic_is_counted_and_left_to_the_stream_workers() -> None:
    found = reading((TICKS, batch([tick(), b"rubbish", tick()])))
    assert offsets(found) == [0, 2]
    assert found.poison == []
    assert found.unstored == Counter({("ticks.fxcm", Unstored.POISON): 1})


def test_poison_comes_in_the_order_of_its_offsets() -> None:
    other = place("tier.pro", 2)
    found = reading((other, batch([b"a", pro()[:-1], b"b"])), (FREE, batch([pro(), b"c", free()[:-1]])))
    assert [(poison.place, poison.offset) for poison in found.poison] == [
        (at, offset) for at in (FREE, other) for offset in range(3)
    ]


def test_a_record_of_an_older_epoch_behind_a_newer_one_is_not_stored() -> None:
    found = reading((FREE, batch([free(epoch=1), free(epoch=2), free(epoch=1), free(epoch=2)])))
    assert offsets(found) == [0, 1, 3]
    assert found.unstored == Counter({("tier.free", Unstored.STALE_EPOCH): 1})
    assert found.epochs == {FREE: 2}


def test_the_epoch_of_a_control_record_counts_too() -> None:
    found = reading((FREE, batch([free(epoch=1), control(epoch=3), free(epoch=2)])))
    assert offsets(found) == [0]
    assert found.epochs == {FREE: 3}


def test_the_epoch_of_the_batches_before_counts_too() -> None:
    found = reading((FREE, batch([free(epoch=4), free(epoch=5)])), epochs={FREE: 5})
    assert offsets(found) == [1]


def test_each_partition_has_its_own_epoch() -> None:
    other = place("tier.free", 1)
    found = reading((FREE, batch([free(epoch=9)])), (other, batch([free(epoch=1)])))
    assert offsets(found) == [0, 0]
    assert found.epochs == {FREE: 9, other: 1}


def test_quality_windows_of_several_workers_share_a_partition_whatever_their_epochs() -> None:
    at = place("quality")
    assert offsets(reading((at, batch([quality(epoch=7), quality(epoch=2)])))) == [0, 1]


def test_the_three_tiers_share_a_batch() -> None:
    tiers = {place("tier.free"): free(), place("tier.pro"): pro(), place("tier.enterprise"): enterprise()}
    found = reading(*((at, batch([payload])) for at, payload in tiers.items()))
    assert found.rows is not None
    rows = found.rows.batch.to_pylist()
    assert [row["spread"] for row in rows] == [None, 0.00002, 0.00002]
    assert [row["brokers_status"] for row in rows] == [[], [], [0, 1]]
    assert [row["sources_offset"] for row in rows] == [[7], [7], [7]]
    assert [row["bid_broker"] for row in rows] == [None, None, "fxcm"]
    assert found.rows.tiers == {"tier.free": "free", "tier.pro": "pro", "tier.enterprise": "enterprise"}


def test_items_of_an_array_stay_with_their_record_when_a_neighbour_is_left_out() -> None:
    at = place("tier.enterprise")
    sources = [[{"broker": f"b{n}", "offset": n}] * n for n in range(4)]
    payloads = [enterprise(sources=each, epoch=2 if n != 2 else 1) for n, each in enumerate(sources)]
    found = reading((at, batch(payloads)))
    assert found.rows is not None
    assert found.rows.batch["sources_offset"].to_pylist() == [[], [1], [3, 3, 3]]
    assert found.rows.batch["sources_broker"].to_pylist() == [[], ["b1"], ["b3"] * 3]


def test_the_first_batch_is_read_without_importing_pandas() -> None:
    """It would hold the interpreter's lock for seconds, longer than a sink may be silent."""
    script = """
import sys
from sinks.batch import joined, read
from tests.sink_data import ROUTES, batch, enterprise, place
readings = [read([(place("tier.enterprise"), batch([enterprise()], at))], ROUTES, {}) for at in (0, 1)]
assert joined(readings).rows.count == 2
sys.exit("pandas" in sys.modules)
"""
    root = Path(__file__).parents[3]
    assert (
        subprocess.run([sys.executable, "-c", script], cwd=root, env={"PYTHONPATH": str(root)}, check=False).returncode
        == 0
    )

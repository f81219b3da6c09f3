import pytest

from collectors.replay.formats.mt5 import parse_mt5
from collectors.replay.formats.rows import DamagedFileError
from tests.unit.collectors.tapes import mt5

TICK = {"time_msc": 1760118551449, "bid": 1.15742, "ask": 1.15755}


def test_ticks_are_numbered_from_one() -> None:
    rows = parse_mt5("f", mt5([TICK, TICK | {"time_msc": 1760118551500}]), "EURUSD")
    assert rows.line.tolist() == [1, 2]
    assert rows.event_us.tolist() == [1760118551449000, 1760118551500000]
    assert (rows.bid[0], rows.ask[0]) == (1.15742, 1.15755)


@pytest.mark.parametrize(
    "wrong", [{"bid": None}, {"bid": "1.1"}, {"time_msc": 1.5}, {"time_msc": True}, {"ask": -1}, {"bid": 0, "ask": 0}]
)
def test_a_bad_tick_comes_out_apart(wrong: dict[str, object]) -> None:
    rows = parse_mt5("f", mt5([TICK, TICK | wrong, TICK]), "EURUSD")
    assert rows.line.tolist() == [1, 3]
    assert [bad.line for bad in rows.bad] == [2]


def test_something_that_is_no_object_is_a_bad_tick_too() -> None:
    assert [bad.line for bad in parse_mt5("f", mt5([TICK, 7]), "EURUSD").bad] == [2]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (mt5([TICK])[:-1], "is not a whole JSON document"),
        (b"[]", "has no array 'ticks'"),
        (mt5([TICK], total=2), "holds 1 ticks, its summary says 2"),
        (mt5([TICK], symbol="AUDUSD"), "holds 'AUDUSD', not 'EURUSD'"),
        (mt5([{"bid": 1}]), "none of its 1 ticks"),
    ],
)
def test_damage_is_told(data: bytes, told: str) -> None:
    with pytest.raises(DamagedFileError, match=f"^f: {told}"):
        parse_mt5("f", data, "EURUSD")

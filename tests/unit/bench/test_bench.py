import numpy as np

from bench.market import Shape, market
from bench.reference import Columns, compare
from bench.tapes import twice


def test_a_market_is_the_same_each_time() -> None:
    first, second = market(Shape(3000)), market(Shape(3000))
    for one, other in zip(first, second, strict=True):
        assert np.array_equal(one.ticks.bid, other.ticks.bid)
        assert np.array_equal(one.ticks.received_us, other.ticks.received_us)


def test_two_percent_of_a_market_come_twice_as_the_same_sequence() -> None:
    for script in market(Shape(30_000)):
        ticks = script.ticks
        distinct = set(zip(ticks.symbol.tolist(), ticks.sequence.tolist(), strict=True))
        assert 0.01 < 1 - len(distinct) / len(ticks) < 0.03


def test_ten_times_the_symbols_tick_as_often_each() -> None:
    spans = [int(np.ptp(market(Shape(28_000, symbols=symbols))[0].ticks.received_us)) for symbols in (28, 280)]
    assert 7 < spans[0] / spans[1] < 12


def test_a_tape_played_twice_goes_on_in_its_sessions_and_sequences() -> None:
    script = market(Shape(300))[0]
    again = twice(script)
    assert len(again.ticks) == 2 * len(script.ticks)
    assert (np.diff(again.ticks.received_us) >= 0).all()
    assert set(again.ticks.session.tolist()) == set(script.ticks.session.tolist())
    first = again.ticks.symbol == 0
    assert again.ticks.sequence[first].max() == 2 * script.ticks.sequence[script.ticks.symbol == 0].max()


def _columns(*upto: int) -> Columns:
    n = len(upto)
    whole = {name: np.array(upto, np.int64) for name in ("upto_sequence", "as_of_time", "due_time", "conflated_count")}
    return {"symbol": np.array(["EURUSD"] * n), **whole, "bid": np.full(n, np.nan), "ask": np.full(n, 1.1)}


def test_equal_records_compare_as_equal_where_a_price_is_missing() -> None:
    assert compare(_columns(1, 2, 3), _columns(1, 2, 3)).differing == 0


def test_a_record_too_few_and_one_that_differs_are_told() -> None:
    found = compare(_columns(1, 2, 3), _columns(1, 4))
    assert found.differing == 2
    assert found.first is not None
    assert "upto_sequence 2" in found.first

"""What closed windows tell of ticks that did not come, in numbers computed by hand."""

from collections.abc import Sequence

import numpy as np
import pytest

from streams.gaps import Gap, Gaps
from streams.kernels.state import NO_SYMBOL, QUALITY_ROW, SECOND_US, Records, Rules
from tests.unit.streams.plain_builders import START_US
from tierfeed.domain.words import GapCause

RULES = Rules(10 * SECOND_US, 600 * SECOND_US, 60 * SECOND_US, 20.0, 0.005, 30, 1200 * SECOND_US)
ALPHA, BETA = 0, 1
EURUSD, USDJPY = 0, 1


def at(second: float) -> int:
    return START_US + round(second * SECOND_US)


def window(second: int, symbol: int = EURUSD, missing: int = 0, broker: int = ALPHA, last: float = 0.5) -> Records:
    row = np.zeros(1, QUALITY_ROW)
    row["broker"], row["symbol"], row["start"], row["missing"] = broker, symbol, at(second), missing
    row["last_received"] = at(second + last)
    return row


def told(*windows: Records, ended: Sequence[float] = (), one_by_one: bool = False) -> list[Gap]:
    """What is told of windows, handed over at once or one by one. `ended`: planned ends of `ALPHA`, before all."""
    gaps = Gaps(2, RULES)
    for second in ended:
        gaps.end(ALPHA, at(second))
    batches = windows if one_by_one else [np.concatenate(windows)]
    return [gap for batch in batches for gap in gaps.find(batch)]


def lost(from_s: float, to_s: float, told_s: float, broker: int = ALPHA) -> Gap:
    return Gap(at(told_s), broker, NO_SYMBOL, at(from_s), at(to_s), GapCause.SESSION_LOST)


def missing(from_s: float, to_s: float, symbol: int = EURUSD, broker: int = ALPHA) -> Gap:
    return Gap(at(to_s), broker, symbol, at(from_s), at(to_s), GapCause.MISSING)


@pytest.mark.parametrize("one_by_one", [False, True])
def test_sequences_are_missing_since_the_newest_tick_of_the_window_before(one_by_one: bool) -> None:
    windows = window(0), window(1, USDJPY), window(1, broker=BETA), window(2), window(7, missing=3)
    assert told(*windows, one_by_one=one_by_one) == [missing(2.5, 8)]


def test_without_a_window_before_they_are_missing_between_ticks_of_this_one() -> None:
    assert told(window(3, missing=1)) == [missing(3, 4)]


def test_a_gap_reaches_back_no_further_than_a_quote_lives() -> None:
    quiet = [window(second, NO_SYMBOL) for second in range(1, 900, 5)]
    assert told(window(0), *quiet, window(900, missing=1)) == [missing(300, 901)]


def test_a_collector_s_clock_that_is_ahead_makes_no_gap_that_ends_before_it_begins() -> None:
    assert told(window(0, last=2.5), window(1, missing=1)) == [missing(1, 2)]


def test_late_ones_that_came_are_no_gap() -> None:
    assert told(window(0), window(1, missing=-2), window(2, missing=0)) == []


def test_a_window_without_a_symbol_says_nothing_of_any_symbol_s_ticks() -> None:
    assert told(window(0), window(1, NO_SYMBOL), window(2, missing=1)) == [missing(0.5, 3)]


@pytest.mark.parametrize("one_by_one", [False, True])
@pytest.mark.parametrize("symbol", [EURUSD, NO_SYMBOL])
def test_a_broker_without_a_window_for_too_long_was_lost(one_by_one: bool, symbol: int) -> None:
    windows = window(0), window(1), window(12, symbol), window(13), window(24, USDJPY), window(13, broker=BETA)
    assert told(*windows[:3], one_by_one=one_by_one) == []  # ten seconds are not longer than ten seconds
    assert told(*windows[:1], *windows[2:5], one_by_one=one_by_one) == [lost(1, 12, 13)]
    apart = window(0, broker=BETA), *windows[:4], window(30, broker=BETA)
    assert told(*apart, one_by_one=one_by_one) == [lost(1, 30, 31, BETA)]


def test_nobody_was_lost_before_the_first_window() -> None:
    assert told(window(5000)) == []


@pytest.mark.parametrize("ended_s", [0.2, 1, 11])
def test_a_planned_end_is_no_gap(ended_s: float) -> None:
    assert told(window(0), window(100), ended=[ended_s]) == []


def test_silence_before_a_planned_end_is_a_gap_up_to_it() -> None:
    assert told(window(0), window(100), ended=[20.25, 60]) == [lost(1, 20.25, 101)]


@pytest.mark.parametrize("ended_s", [-1, 100.5])
def test_an_end_before_or_behind_the_silence_excuses_nothing(ended_s: float) -> None:
    assert told(window(0), window(100), ended=[ended_s]) == [lost(1, 100, 101)]


def test_an_end_before_a_broker_s_first_window_does_not_hide_the_next() -> None:
    assert told(window(0), window(100), ended=[-50, 0.9]) == []


def test_an_end_excuses_one_pause_only() -> None:
    gaps = Gaps(1, RULES)
    found = gaps.find(window(0))
    gaps.end(ALPHA, at(1))
    found += gaps.find(np.concatenate([window(100), window(200)]))
    gaps.end(ALPHA, at(201))
    found += gaps.find(np.concatenate([window(300), window(400)]))
    assert found == [lost(101, 200, 201), lost(301, 400, 401)]


def test_gaps_are_told_in_the_order_in_which_they_were_known_and_any_number_of_symbols_is() -> None:
    windows = [window(0, s) for s in range(40)] + [window(0, broker=BETA)]
    windows += [window(12, 39, missing=1), window(13, 0, missing=1, broker=BETA)]
    expected = [lost(1, 12, 13), missing(0.5, 13, 39), lost(1, 13, 14, BETA), missing(0.5, 14, 0, BETA)]
    assert told(*windows) == expected

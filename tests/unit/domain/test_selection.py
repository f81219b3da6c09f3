"""Who leads: the best, without flapping, and for reasons that can be told."""

from collections.abc import Mapping
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tierfeed.domain.selection import FOR_S, HOUR_S, REST_S, Second, choose

ORDER = ("ic_markets", "pepperstone", "fxcm")
AT = 10 * HOUR_S
QUICK, SLOW = (5_000, 6_000, 7_000, 8_000), (5_000, 600_000, 700_000, 900_000)


def sound(ticks: int = 4, latencies_us: tuple[int, int, int, int] | None = QUICK, faulty: int = 0) -> Second:
    return Second(ticks, faulty, latencies_us)


def feed(seconds: range, what: Second | None = None) -> dict[int, Second]:
    return dict.fromkeys(seconds, what or sound())


LAST_HOUR = range(AT - HOUR_S, AT)


def test_of_equals_the_one_that_the_tier_prefers_leads_and_stays() -> None:
    choice = choose(ORDER, {name: feed(LAST_HOUR) for name in reversed(ORDER)}, AT)
    assert (choice.broker, choice.since_s, choice.switches) == ("ic_markets", LAST_HOUR.start + 1, ())
    assert [standing.score for standing in choice.standings] == [100.0] * 3


def test_of_equally_good_ones_the_quicker_leads() -> None:
    quickest = sound(latencies_us=(1_000,) * 4)  # of three minutes: so its clock's offset is told
    late = feed(LAST_HOUR, sound(latencies_us=(9_000,) * 4)) | dict.fromkeys((AT - 200, AT - 260, AT - 320), quickest)
    choice = choose(("slow", "quick"), {"slow": late, "quick": feed(range(AT - 60, AT))}, AT)
    by = {standing.broker: standing for standing in choice.standings}
    assert by["slow"].latency_us == 8_000
    assert by["quick"].latency_us == 0


def test_a_better_one_takes_over_when_it_has_been_so_for_half_a_minute() -> None:
    turn = AT - 600
    poor = feed(range(LAST_HOUR.start, turn)) | feed(range(turn, AT), sound(faulty=4))
    choice = choose(ORDER, {"ic_markets": poor, "pepperstone": feed(LAST_HOUR)}, AT)
    assert choice.broker == "pepperstone"
    (switched,) = choice.switches
    assert turn + FOR_S <= switched <= turn + FOR_S + 60
    assert choice.since_s == switched


def test_one_that_is_only_a_little_better_does_not_take_over() -> None:
    somewhat = feed(LAST_HOUR, sound(ticks=100, faulty=10))
    assert choose(ORDER, {"ic_markets": somewhat, "pepperstone": feed(LAST_HOUR)}, AT).broker == "pepperstone"
    seconds = {"ic_markets": feed(range(LAST_HOUR.start, AT - 600)) | feed(range(AT - 600, AT), sound(100, faulty=10))}
    assert choose(ORDER, seconds | {"pepperstone": feed(LAST_HOUR)}, AT).broker == "ic_markets"


def test_a_leader_that_falls_silent_is_replaced_at_once_and_that_is_no_switch() -> None:
    choice = choose(ORDER, {"ic_markets": feed(range(LAST_HOUR.start, AT - 30)), "fxcm": feed(LAST_HOUR)}, AT)
    assert (choice.broker, choice.switches) == ("fxcm", ())
    assert choice.since_s == AT - 30 + 11
    reasons = {standing.broker: standing.reason for standing in choice.standings}
    assert reasons == {
        "ic_markets": "silent for 30 s",
        "pepperstone": "nothing was heard of it in the last hour",
        "fxcm": None,
    }


def test_a_broker_that_lives_and_does_not_quote_the_symbol_cannot_lead() -> None:
    mute = feed(range(LAST_HOUR.start, AT - 700)) | feed(range(AT - 700, AT), Second())
    choice = choose(("ic_markets",), {"ic_markets": mute}, AT)
    assert choice.broker is None
    assert choice.standings[0].reason == "no quote of the symbol within 600 s"


def test_where_nothing_was_heard_every_broker_has_its_reason() -> None:
    choice = choose(ORDER, {}, AT)
    assert choice.broker is None
    assert {standing.reason for standing in choice.standings} == {"nothing was heard of it in the last hour"}


@pytest.mark.parametrize("wrong", [range(AT - 30, AT - 29), range(AT - 110, AT - 50)], ids=["a second", "a minute"])
def test_a_glitch_of_its_clock_does_not_make_a_broker_late(wrong: range) -> None:
    ahead = feed(LAST_HOUR) | dict.fromkeys(wrong, sound(latencies_us=(-900_000,) * 4))
    choice = choose(ORDER, {"ic_markets": ahead, "fxcm": feed(LAST_HOUR)}, AT)
    assert choice.standings[0].parts["T"] == 10_000
    assert choice.broker == "ic_markets"


spells = st.lists(
    st.tuples(st.integers(20, 400), st.sampled_from(["sound", "faulty", "slow", "mute", "gone"])), max_size=40
)
KINDS: Mapping[str, Second | None] = {
    "sound": sound(), "faulty": sound(faulty=4), "slow": sound(latencies_us=SLOW), "mute": Second(), "gone": None,
}  # fmt: skip


def spelled(of: list[tuple[int, str]]) -> dict[int, Second]:
    seconds, at = {}, LAST_HOUR.start
    for length, kind in of:
        what = KINDS[kind]
        seconds |= {} if what is None else dict.fromkeys(range(at, min(at + length, AT)), what)
        at += length
    return seconds


@settings(deadline=None, max_examples=12)
@given(spells, spells, spells)
def test_guards_hold_under_flapping(
    a: list[tuple[int, str]], b: list[tuple[int, str]], c: list[tuple[int, str]]
) -> None:
    seconds = {name: spelled(of) for name, of in zip(ORDER, (a, b, c), strict=True)}
    choice = choose(ORDER, seconds, AT)
    assert all(later - earlier >= REST_S for earlier, later in pairwise(choice.switches))
    assert choice == choose(ORDER, dict(reversed(seconds.items())), AT)
    able = {standing.broker for standing in choice.standings if standing.score is not None}
    assert (choice.broker in able) if able else choice.broker is None


def priced(mid: int, spread: int = 100, ticks: int = 4) -> Second:
    return Second(ticks, 0, QUICK, mid, spread)


def parts_of(seconds: Mapping[str, Mapping[int, Second]]) -> dict[str, int | None]:
    return {each.broker: each.parts["K"] for each in choose(ORDER, seconds, AT).standings}


def test_a_price_within_two_median_spreads_of_the_others_is_near() -> None:
    minute = range(AT - 60, AT)
    mids = {"ic_markets": 110_000_00, "pepperstone": 110_001_00, "fxcm": 110_002_50}
    # Of the others the median mid is half way between them; two median spreads are 200.
    assert parts_of({name: feed(minute, priced(mid)) for name, mid in mids.items()}) == {
        "ic_markets": 10_000, "pepperstone": 10_000, "fxcm": 10_000,
    }  # fmt: skip
    mids["fxcm"] += 1
    assert parts_of({name: feed(minute, priced(mid)) for name, mid in mids.items()})["fxcm"] == 0
    half = {"fxcm": feed(range(AT - 60, AT - 30), priced(110_000_50)) | feed(range(AT - 30, AT), priced(111_000_00))}
    others = {name: feed(minute, priced(mid)) for name, mid in mids.items() if name != "fxcm"}
    assert parts_of(others | half) == {"ic_markets": 5_000, "pepperstone": 5_000, "fxcm": 5_000}


def test_a_mid_stands_until_the_next_one_for_a_minute() -> None:
    minute = range(AT - 60, AT)
    others = {name: feed(minute, priced(110_000_00)) for name in ORDER[:2]}
    beats = feed(range(AT - 90, AT), Second())
    assert parts_of(others | {"fxcm": beats | {AT - 31: priced(110_000_00)}})["fxcm"] == 10_000
    assert parts_of(others | {"fxcm": beats})["fxcm"] is None


def test_fewer_than_three_are_not_compared() -> None:
    minute = range(AT - 60, AT)
    found = parts_of({name: feed(minute, priced(110_000_00 + 999 * at)) for at, name in enumerate(ORDER[:2])})
    assert set(found.values()) == {None}


def test_a_broker_whose_prices_are_off_loses_the_lead() -> None:
    turn = AT - 600
    mids = {name: feed(LAST_HOUR, priced(110_000_00)) for name in ORDER}
    off = mids["ic_markets"] | feed(range(turn, AT), priced(110_003_00))
    choice = choose(ORDER, mids | {"ic_markets": off}, AT)
    assert choice.broker == "pepperstone"
    assert turn + FOR_S <= choice.switches[0] <= turn + FOR_S + 60

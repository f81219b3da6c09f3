"""When the market is open, by hand; and what that leaves of a promise."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierfeed.domain import yamls
from tierfeed.domain.market import Calendar, Maintenance, month_of, parse_calendar
from tierfeed.domain.objectives import alerts, budgets
from tierfeed.domain.spans import difference, intersection, total, union
from tierfeed.errors import ConfigError
from tierfeed.settings import MARKET_FILE, TIERS_FILE, Settings

SETTINGS = Settings.model_construct(tiers_file=TIERS_FILE)
TIERS = {tier.name: tier for tier in SETTINGS.tiers()}
BUILT_IN = parse_calendar(yamls.read(MARKET_FILE.read_text(), "market.yaml"))
WEEK = Calendar()
HOUR = 3600
spans = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=8)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def hours(calendar: Calendar, month: str) -> float:
    return total(calendar.open(*month_of(month))) / HOUR


def moments(of: list[tuple[int, int]]) -> set[int]:
    return {moment for start, end in of for moment in range(start, end)}


@given(spans, spans)
def test_spans_are_sets_of_moments(a: list[tuple[int, int]], b: list[tuple[int, int]]) -> None:
    one, other = union(a), union(b)
    for found, expected in (
        (one, moments(a)),
        (union(a + b), moments(a) | moments(b)),
        (intersection(one, other), moments(a) & moments(b)),
        (difference(one, other), moments(a) - moments(b)),
    ):
        assert moments(list(found)) == expected
        assert total(found) == len(expected)
        assert union(found) == found


@pytest.mark.parametrize(
    ("month", "open_hours"),
    [
        ("2026-02", 4 * 120),  # exactly four weeks, each from its Sunday 22:00
        ("2026-03", 4 * 120 + 51),  # summer time begins on the 8th: weeks stay 120 h long; from the 29th, 21:00
        ("2026-06", 117 + 3 * 120 + 51),  # from Monday 00:00 to Friday 21:00; from the 28th, 21:00
        ("2026-11", 4 * 120 + 26),  # winter time begins on the 1st, before the week does; from the 29th, 22:00
    ],
)
def test_months_counted_by_hand(month: str, open_hours: int) -> None:
    assert hours(WEEK, month) == open_hours


def test_a_market_that_never_closes_is_open_on_saturdays_and_holidays_and_pauses_for_maintenance_alone() -> None:
    text = MARKET_FILE.read_text().replace("always: false", "always: true")
    calendar = parse_calendar(yamls.read(text, "market.yaml"))
    christmas = at("2026-12-25T00:00"), at("2026-12-27T00:00")
    assert not total(BUILT_IN.open(at("2026-12-26T00:00"), christmas[1]))
    assert total(calendar.open(*christmas)) == 48 * HOUR
    excused = Maintenance(at("2026-12-01T00:00"), at("2026-12-26T01:00"), at("2026-12-26T02:00"), "")
    assert total(Calendar(always=True, maintenance=(excused,)).scheduled(*christmas, ["fxcm"])) == 47 * HOUR
    with pytest.raises(ConfigError, match="always must be true or false, was 'yes please'"):
        parse_calendar(yamls.read("always: yes please", "market.yaml"))


def test_the_week_follows_new_york_over_its_daylight_saving_changes() -> None:
    (before, after) = WEEK.open(at("2026-03-01T12:00"), at("2026-03-14T00:00"))
    assert before == (at("2026-03-01T22:00").timestamp(), at("2026-03-06T22:00").timestamp())
    assert after == (at("2026-03-08T21:00").timestamp(), at("2026-03-13T21:00").timestamp())
    (before, after) = WEEK.open(at("2026-10-25T12:00"), at("2026-11-07T00:00"))
    assert before == (at("2026-10-25T21:00").timestamp(), at("2026-10-30T21:00").timestamp())
    assert after == (at("2026-11-01T22:00").timestamp(), at("2026-11-06T22:00").timestamp())


def test_nothing_is_traded_from_the_eve_of_a_holiday_on() -> None:
    christmas = Calendar(holidays=frozenset({(12, 25)}))
    (week,) = christmas.open(at("2026-12-20T00:00"), at("2026-12-27T00:00"))
    assert week == (at("2026-12-20T22:00").timestamp(), at("2026-12-24T22:00").timestamp())
    new_year = Calendar(holidays=frozenset({(1, 1)}))
    assert hours(WEEK, "2026-01") - hours(new_year, "2026-01") == 22


def test_a_tier_pauses_as_long_as_all_of_its_brokers_do() -> None:
    calendar = Calendar(rollover_s={"a": 300, "b": 60})
    week = at("2026-06-07T00:00"), at("2026-06-14T00:00")  # four days end within it, the fifth ends the week
    assert 120 * HOUR - total(calendar.scheduled(*week, ["a"])) == 4 * 300
    assert 120 * HOUR - total(calendar.scheduled(*week, ["a", "b"])) == 4 * 60
    assert 120 * HOUR - total(calendar.scheduled(*week, ["a", "c"])) == 0


def test_maintenance_counts_where_it_was_announced_in_time_and_four_hours_a_month() -> None:
    def work(day: int, hours: float, notice_hours: int = 72) -> Maintenance:
        start = at(f"2026-06-{day:02}T10:00")
        return Maintenance(start - timedelta(hours=notice_hours), start, start + timedelta(hours=hours), "moving")

    def taken_off(*works: Maintenance) -> float:
        month = month_of("2026-06")
        return (total(WEEK.open(*month)) - total(Calendar(maintenance=works).scheduled(*month, ["a"]))) / HOUR

    assert taken_off(work(3, 2)) == 2
    assert taken_off(work(3, 2, notice_hours=71)) == 0
    assert taken_off(work(3, 3), work(10, 3)) == 4
    assert taken_off(work(6, 3), work(10, 3)) == 3  # a Saturday needs no excuse
    assert taken_off(work(3, 3), work(3, 2)) == 3


def test_a_month_asked_for_in_pieces_is_the_same_month() -> None:
    start, end = month_of("2026-12")
    middle = at("2026-12-24T13:37")
    brokers = TIERS["pro"].brokers
    pieces = BUILT_IN.scheduled(start, middle, brokers) + BUILT_IN.scheduled(middle, end, brokers)
    assert union(pieces) == BUILT_IN.scheduled(start, end, brokers)


def test_burn_rates_are_those_of_the_contract() -> None:
    month_s = Fraction(30 * 24 * 120, 168) * HOUR
    assert round(float(month_s / HOUR), 2) == 514.29
    assert [round(float(each.factor), 2) for each in alerts(int(month_s))] == [10.29, 4.29, 0.71]
    assert [each.short_window_s for each in alerts(int(month_s))] == [300, 1800, 21_600]


def test_what_may_be_bad_of_a_month() -> None:
    scheduled_s = 30 * 24 * HOUR * 120 // 168
    found = {budget.objective: budget for budget in budgets(TIERS["enterprise"], scheduled_s)}
    uptime = found["uptime"]
    assert round(float(uptime.bad_s or 0) / 60, 2) == 3.09
    assert (uptime.slices, uptime.bad_slices) == (185_142, 18)
    assert {name: budget.target_ppm for name, budget in found.items()} == {
        "latency": 990_000, "completeness": 999_000, "uptime": 999_900, "redundancy": 999_900,
    }  # fmt: skip


def test_every_problem_of_a_calendar_is_told_with_its_line() -> None:
    text = """holidays: ["12-25", "13-01", 7]
rollover_minutes: {fxcm: -1}
maintenance:
  - {announced: 2026-06-01T00:00:00Z, from: 2026-06-07T01:00:00Z, to: 2026-06-07T00:00:00Z}
  - {from: soon, why: x}
  - moving
weekend: none
"""
    with pytest.raises(ConfigError) as caught:
        parse_calendar(yamls.read(text, "market.yaml"))
    told = [problem.split(" ", 1)[0] for problem in caught.value.problems]
    assert told == [f"market.yaml:{line}:" for line in (1, 1, 2, 4, 5, 5, 5, 5, 6, 7)]
    assert "'13-01'" in caught.value.problems[0]


@pytest.mark.parametrize("text", ["2026-13", "November", "2026-11-01"])
def test_what_is_no_month_is_told(text: str) -> None:
    with pytest.raises(ConfigError, match=f"a month such as 2026-11, was '{text}'"):
        month_of(text)

"""Laws of the scores about customers."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from analytics.business.scores import (
    LEVELS,
    WEIGHTS,
    RiskLevel,
    by_days,
    fits,
    grows,
    level,
    mean_of_known,
    satisfaction,
    support,
    upsell,
)
from analytics.business.windows import market_hours, midnight, trading_days
from tierfeed.domain.market import Calendar
from tierfeed.domain.spans import total

strengths = st.floats(0, 1)
signals = st.fixed_dictionaries({name: st.none() | strengths for name in WEIGHTS})
percents = st.floats(0, 100)
ORDER = [RiskLevel.CRITICAL, RiskLevel.AT_RISK, RiskLevel.WATCH, RiskLevel.HEALTHY]


@given(signals)
def test_an_upsell_potential_is_a_percentage(found: dict[str, float | None]) -> None:
    assert 0 <= upsell(found) <= 100


@given(signals, st.sampled_from(sorted(WEIGHTS)), strengths)
def test_more_of_any_signal_never_makes_a_potential_less(
    found: dict[str, float | None], name: str, more: float
) -> None:
    stronger = max(found[name] or 0.0, more)
    assert upsell(found | {name: stronger}) >= upsell(found)


@given(signals)
def test_a_signal_that_is_not_known_adds_what_none_would(found: dict[str, float | None]) -> None:
    assert upsell(found) == upsell({name: strength or 0.0 for name, strength in found.items()})


@given(st.sampled_from(sorted(WEIGHTS)), strengths)
def test_a_signal_alone_is_worth_its_weight(name: str, strength: float) -> None:
    alone = dict.fromkeys(WEIGHTS, 0.0) | {name: strength}
    assert abs(upsell(alone) - 100 * WEIGHTS[name] * strength) < 0.01


@given(st.dictionaries(st.text(), st.none() | percents))
def test_a_mean_is_that_of_the_known_parts(parts: dict[str, float | None]) -> None:
    known = [value for value in parts.values() if value is not None]
    mean = mean_of_known(parts)
    if not known:
        assert mean is None
    else:
        assert mean is not None
        assert min(known) - 0.01 <= mean <= max(known) + 0.01
        assert mean == mean_of_known({**parts, "one more": None})


@given(percents, percents)
def test_a_better_score_is_never_of_a_worse_level(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert ORDER.index(level(low)) <= ORDER.index(level(high))


def test_levels_begin_at_their_borders() -> None:
    found = [(border, level(border), level(border - 0.01)) for border, _ in LEVELS]
    assert found == [
        (80, RiskLevel.HEALTHY, RiskLevel.WATCH),
        (60, RiskLevel.WATCH, RiskLevel.AT_RISK),
        (40, RiskLevel.AT_RISK, RiskLevel.CRITICAL),
    ]
    assert (level(100), level(0)) == (RiskLevel.HEALTHY, RiskLevel.CRITICAL)


@given(st.dictionaries(st.text(), st.none() | st.floats(0, 1e9)), st.text(), st.floats(0, 1e9))
def test_satisfaction_is_a_percentage_and_falls_with_what_is_used(
    used: dict[str, float | None], name: str, more: float
) -> None:
    found = satisfaction(used)
    assert (found is None) == all(share is None for share in used.values())
    if found is not None:
        assert 0 <= found <= 100
        if used.get(name) is not None:
            worse = satisfaction(used | {name: (used[name] or 0) + more})
            assert worse is not None
            assert worse <= found


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_tickets_and_days_count_up_to_their_ends(one: int, other: int) -> None:
    low, high = sorted((one, other))
    assert 0 <= support(high) <= support(low) <= 100
    assert 0 <= by_days(low) <= by_days(high) <= 1


@given(st.none() | percents, st.none() | percents)
def test_a_tier_fits_where_symbols_and_rate_both_do(symbols: float | None, rate: float | None) -> None:
    found = fits(symbols, rate)
    if symbols is not None and rate is not None:
        assert found == float(symbols >= 80 and rate >= 80)
    else:
        assert found in (None, 0.0)


@given(st.none() | st.floats(-100, 1e6))
def test_growth_is_more_than_a_quarter(change: float | None) -> None:
    assert grows(change) == (None if change is None else float(change > 25))


@given(st.dates(date(2026, 1, 1), date(2027, 12, 31)), st.integers(1, 62), st.booleans())
def test_hours_of_the_market_are_those_of_the_calendar(start: date, days: int, always: bool) -> None:
    end, calendar = start + timedelta(days=days), Calendar(frozenset({(12, 25), (1, 1)}), always=always)
    hours = market_hours(calendar, midnight(start), midnight(end))
    assert 3600 * sum(mask.bit_count() for mask in hours.values()) == total(
        calendar.open(midnight(start), midnight(end))
    )
    assert all(start <= day < end for day in hours)
    found = trading_days(calendar, start, end)
    christmas = {(12, 25), (1, 1)}
    every = [start + timedelta(days=n) for n in range(days)]
    assert found == [day for day in every if always or (day.weekday() < 5 and (day.month, day.day) not in christmas)]

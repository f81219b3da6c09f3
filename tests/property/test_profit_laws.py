"""Laws of the profit model, whatever the card."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from analytics.business.profit import RevenueScaling
from analytics.business.rates import Line, RateCard

prices = st.integers(0, 10**12)
lines = st.builds(Line, st.just("x"), st.just("x"), st.integers(0, 1000), prices, prices)
cards = st.builds(RateCard, st.just("1"), st.lists(lines, min_size=1, max_size=4).map(tuple), prices, st.just("x"))
scalings = st.builds(RevenueScaling, cards, st.none() | prices)


@given(scalings, st.integers(0, 10**6))
def test_money_is_exact_and_adds_up(scaling: RevenueScaling, users: int) -> None:
    found = scaling.calculate_profit_margin(users)
    assert found.profit_improvement == found.traditional_cost - found.ingestion_cost
    assert found.ingestion_cost * 10**6 == scaling.card.base_microusd + users * scaling.card.user_microusd
    assert set(found.reasons) == {
        name
        for name in ("total_revenue", "margin_improvement_percent", "savings_percent")
        if getattr(found, name) is None
    }


@given(scalings)
def test_the_break_even_is_the_first_count_that_saves(scaling: RevenueScaling) -> None:
    users = scaling.break_even_users()
    if users is None:
        assert all(scaling.calculate_profit_margin(count).profit_improvement < 0 for count in (0, 1, 10**6))
        return
    assert scaling.calculate_profit_margin(users).profit_improvement >= 0
    assert users == 0 or scaling.calculate_profit_margin(users - 1).profit_improvement < 0


@given(scalings, st.integers(1, 10**6))
def test_more_users_never_pass_the_limit(scaling: RevenueScaling, users: int) -> None:
    limit, found = scaling.limit_percent(), scaling.calculate_profit_margin(users).savings_percent
    assert (limit is None) == (found is None)
    assert limit is None or found is None or found <= limit + Decimal("0.0001")

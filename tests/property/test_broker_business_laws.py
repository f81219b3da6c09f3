"""Laws of revenue split by brokers: whatever is split, nothing is lost and nothing is made."""

from hypothesis import given
from hypothesis import strategies as st

from analytics.business.broker_revenue import attribute, split

BROKERS = ["", "fxcm", "ic_markets", "pepperstone"]

amounts = st.integers(-(10**15), 10**15)
weights = st.dictionaries(st.sampled_from(BROKERS), st.integers(0, 10**12), min_size=1)


@given(amount=amounts, weights=weights.filter(lambda of: any(of.values())))
def test_parts_add_up_and_none_is_a_micro_dollar_off(amount: int, weights: dict[str, int]) -> None:
    parts, total = split(amount, weights), sum(weights.values())
    assert parts.keys() == weights.keys()
    assert sum(parts.values()) == amount
    assert all(abs(parts[name] * total - amount * weight) < total for name, weight in weights.items())
    assert all(parts[name] == 0 for name, weight in weights.items() if weight == 0)
    assert parts == split(amount, dict(reversed(weights.items())))


@given(
    st.dictionaries(
        st.text("abcdef", min_size=1, max_size=3), st.tuples(st.one_of(st.none(), amounts), weights), max_size=8
    )
)
def test_brokers_and_the_line_of_nobody_add_up_to_revenue(world: dict[str, tuple[int | None, dict[str, int]]]) -> None:
    rows = [
        {
            "tenant": tenant, "broker": broker, "halves": halves, "earns": earned is not None,
            "microusd": earned or 0, "synthetic": False,
        }
        for tenant, (earned, of) in world.items()
        for broker, halves in ({name: n for name, n in of.items() if n} or {"": 0}).items()
    ]  # fmt: skip
    found = attribute(rows)
    revenue = sum(earned or 0 for earned, _ in world.values())
    assert found.revenue == revenue
    assert sum(found.brokers.values()) + found.unnamed + found.unconsumed == revenue
    assert found == attribute(reversed(rows))
    idle = {tenant for tenant, (earned, of) in world.items() if earned is not None and not any(of.values())}
    assert set(found.idle) == idle
    assert found.unconsumed == sum(world[tenant][0] or 0 for tenant in idle)

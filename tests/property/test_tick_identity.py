"""A tick's identity, by which its copies on other lines are known, is no other tick's: not of any broker or symbol."""

from hypothesis import assume, given
from hypothesis import strategies as st

from streams.kernels.dedupe import identity

BROKERS, SYMBOLS = 8, 300
START_US = 1_700_000_000_000_000
NEARBY = 24
PLACES = 1_000_003
"""A broker's number times this, plus the symbol's and 1, tells broker and symbol apart before they are mixed."""

pairs = st.tuples(st.integers(0, BROKERS - 1), st.integers(0, SYMBOLS - 1))
sizes = st.sampled_from([float("nan"), 1e6])


def place(broker: int, symbol: int) -> int:
    return broker * PLACES + symbol + 1


def test_ticks_of_all_brokers_and_symbols_at_nearby_times_have_identities_of_their_own() -> None:
    ticks = [(b, s, START_US + at) for b in range(BROKERS) for s in range(SYMBOLS) for at in range(NEARBY)]
    assert len({int(identity(*tick, 1.1, 1.1002, 1e6, 1e6)) for tick in ticks}) == len(ticks)


@given(one=pairs, other=pairs, time=st.integers(START_US, START_US + 10**12), size=sizes)
def test_times_that_differ_as_broker_and_symbol_do_make_up_for_nothing(
    one: tuple[int, int], other: tuple[int, int], time: int, size: float
) -> None:
    assume(one != other)
    its_time = time ^ place(*one) ^ place(*other)
    assert identity(*one, time, 1.1, 1.1002, size, size) != identity(*other, its_time, 1.1, 1.1002, size, size)


@given(tick=pairs, time=st.integers(START_US, START_US + 10**12), size=sizes)
def test_a_copy_has_the_same_identity(tick: tuple[int, int], time: int, size: float) -> None:
    assert identity(*tick, time, 1.1, 0.0, size, size) == identity(*tick, time, 1.1, -0.0, size, size)

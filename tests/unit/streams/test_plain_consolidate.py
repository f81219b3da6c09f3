"""The composite of a tier's brokers, and which tiers a change concerns."""

import pytest

from streams.kernels.plain.consolidate import Quote, Standing, consolidate
from streams.kernels.plain.members import Members
from streams.kernels.plain.outputs import Composite, Source
from streams.kernels.plain.route import Route
from tests.unit.streams.plain_builders import tier, us
from tierfeed.domain.words import BrokerStatus, QuoteState


def standing(
    broker: str = "alpha",
    bid: float = 1.1,
    ask: float = 1.1002,
    *,
    at_ms: float = 0,
    event_ms: float | None = None,
    live: bool = True,
    quarantined: bool = False,
    offset: int | None = 0,
) -> Standing:
    event_time = None if event_ms is None else us(event_ms)
    return Standing(broker, live, Quote(bid, ask, 1.0, 2.0, event_time, us(at_ms), quarantined), offset)


def of(*standings: Standing, symbol: str = "EURUSD", as_of_ms: float = 0) -> Composite:
    return consolidate(symbol, standings, us(as_of_ms))


def test_the_best_sides_may_come_from_different_brokers() -> None:
    best = of(standing("alpha", 1.1, 1.1002), standing("beta", 1.1001, 1.1003))
    assert (best.bid, best.bid_broker, best.ask, best.ask_broker) == (1.1001, "beta", 1.1002, "alpha")
    assert (best.bid_size, best.ask_size, best.state) == (1.0, 2.0, QuoteState.NORMAL)


def test_equal_prices_go_to_the_broker_earlier_in_the_tiers_order() -> None:
    best = of(standing("zeta"), standing("alpha"))
    assert (best.bid_broker, best.ask_broker) == ("zeta", "zeta")


@pytest.mark.parametrize(
    ("bids_and_asks", "state"),
    [
        ([(1.1, 1.2)], QuoteState.NORMAL),
        ([(1.1, 1.2), (1.05, 1.1)], QuoteState.LOCKED),
        ([(1.1, 1.2), (1.05, 1.09)], QuoteState.CROSSED),
        ([(1.2, 1.1)], QuoteState.CROSSED),
        ([(1.1, 0.0)], QuoteState.ONE_SIDED),
        ([(0.0, 1.1)], QuoteState.ONE_SIDED),
        ([(1.1, 0.0), (0.0, 1.2)], QuoteState.NORMAL),
        ([], QuoteState.STALE),
    ],
)
def test_the_state_says_how_the_best_sides_stand(bids_and_asks: list[tuple[float, float]], state: QuoteState) -> None:
    standings = [standing(f"b{i}", bid, ask) for i, (bid, ask) in enumerate(bids_and_asks)]
    assert of(*standings).state is state


def test_a_one_sided_composite_has_neither_mid_nor_spread() -> None:
    best = of(standing(bid=0.0))
    assert (best.bid, best.mid, best.spread, best.bid_age_us, best.bid_broker) == (None, None, None, None, None)
    assert best.ask == 1.1002


def test_mid_has_one_digit_more_than_the_symbol_and_spread_as_many() -> None:
    best = of(standing(bid=1.10001, ask=1.10004))
    assert (best.mid, best.spread) == (1.100025, 0.00003)
    yen = of(standing(bid=150.001, ask=150.004), symbol="USDJPY")
    assert (yen.mid, yen.spread) == (150.0025, 0.003)


def test_a_crossed_composite_has_a_negative_spread() -> None:
    assert of(standing(bid=1.2, ask=1.1)).spread == -0.1


@pytest.mark.parametrize(
    ("one", "status"),
    [
        (standing(), BrokerStatus.ELIGIBLE),
        (standing(ask=0.0), BrokerStatus.ONE_SIDED),
        (standing(quarantined=True), BrokerStatus.QUARANTINED),
        (standing(quarantined=True, live=False), BrokerStatus.SESSION_LOST),
        (Standing("alpha", True, None, None), BrokerStatus.NO_QUOTE),
        (Standing("alpha", False, None, None), BrokerStatus.SESSION_LOST),
    ],
)
def test_each_broker_says_why_it_counts_or_not(one: Standing, status: BrokerStatus) -> None:
    best = of(one)
    assert best.brokers[0].status is status
    assert (best.state is QuoteState.STALE) == (status not in (BrokerStatus.ELIGIBLE, BrokerStatus.ONE_SIDED))


def test_eligible_brokers_have_both_sides() -> None:
    best = of(standing("a"), standing("b", ask=0.0), standing("c", quarantined=True), standing("d"))
    assert (best.eligible_brokers, best.quarantined_brokers) == (2, 1)


def test_a_broker_that_does_not_count_still_shows_what_it_holds() -> None:
    shown = of(standing(live=False, ask=0.0, at_ms=5, event_ms=4)).brokers[0]
    assert (shown.bid, shown.ask, shown.event_time, shown.received_time) == (1.1, None, us(4), us(5))


def test_ages_are_those_of_the_quotes_that_contribute() -> None:
    best = of(standing("alpha", 1.1, 1.1002, at_ms=3), standing("beta", 1.1001, 1.1003, at_ms=7), as_of_ms=10)
    assert (best.bid_age_us, best.ask_age_us) == (3000, 7000)


def test_times_are_those_of_the_newest_counted_quote_even_if_it_is_not_the_best() -> None:
    best = of(
        standing("alpha", 1.1, 1.1002, at_ms=3, event_ms=1),
        standing("beta", 1.0, 1.2, at_ms=7, event_ms=2),
        standing("gamma", 1.0, 1.2, at_ms=9, event_ms=9, quarantined=True),
    )
    assert (best.received_time, best.event_time, best.feed_latency_us) == (us(7), us(2), 5000)


def test_of_equally_new_quotes_the_later_in_the_tiers_order_gives_the_times() -> None:
    best = of(standing("alpha", at_ms=7, event_ms=1), standing("beta", at_ms=7))
    assert (best.received_time, best.event_time, best.feed_latency_us) == (us(7), None, None)


def test_a_stale_composite_has_no_times_but_its_cause() -> None:
    best = of(standing(live=False), as_of_ms=4)
    assert (best.received_time, best.event_time, best.as_of_time) == (None, None, us(4))


def test_sources_leave_out_brokers_that_have_sent_nothing() -> None:
    best = of(standing("alpha", offset=3), Standing("beta", False, None, None), standing("gamma", offset=0))
    assert best.sources == (Source(broker="alpha", offset=3), Source(broker="gamma", offset=0))


def test_a_change_concerns_the_tiers_that_carry_the_symbol_and_have_the_broker_in_the_tiers_order() -> None:
    free, pro, all_of_it = (
        tier("free", symbols=["EURUSD"], brokers=["beta"]),
        tier("pro", symbols=["EURUSD", "GBPUSD"], brokers=["alpha", "beta"]),
        tier("enterprise", brokers=["gamma", "beta", "alpha"]),
    )
    route = Route(Members(["alpha", "beta"], [free, pro, all_of_it]), [free, pro, all_of_it])
    assert [t.name for t, _ in route.concerned("EURUSD", {"beta"})] == ["free", "pro", "enterprise"]
    assert [t.name for t, _ in route.concerned("EURUSD", {"alpha"})] == ["pro", "enterprise"]
    assert [t.name for t, _ in route.concerned("GBPUSD", {"beta"})] == ["pro", "enterprise"]
    assert route.concerned("USDJPY", {"alpha"}) == [(all_of_it, ("beta", "alpha"))]


def test_a_tier_without_any_deployed_broker_is_never_concerned() -> None:
    tiers = [tier(brokers=["gamma"])]
    assert Route(Members(["alpha"], tiers), tiers).concerned("EURUSD", {"alpha"}) == []

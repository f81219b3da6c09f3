"""Mids that jump are not believed until confirmed. Spreads are 0.0002, so a jump is more than 0.004 and 0.5 percent."""

from streams.kernels.plain.outputs import Output
from tests.unit.streams.plain_builders import Shard, quotes, rows, tier
from tierfeed.domain.words import BrokerStatus

FAR, FAR_BACK = (1.2, 1.2002), (1.1, 1.1002)


def statuses(out: list[Output]) -> dict[str, str]:
    (record,) = quotes(out)
    return {broker.broker: broker.status.name for broker in record.brokers}


def fast_shard(**rules: float) -> Shard:
    return Shard(tier(interval_ms=1), **rules)


def test_a_jump_is_held_in_quarantine_and_leaves_the_composite() -> None:
    shard = fast_shard()
    shard.tick(0)
    out = shard.tick(10, *FAR)
    (record,) = quotes(out)
    assert (record.bid, record.ask, record.quarantined_brokers, record.eligible_brokers) == (None, None, 1, 0)
    assert record.brokers[0].status is BrokerStatus.QUARANTINED
    assert record.brokers[0].bid == FAR[0]


def test_the_first_quote_of_a_broker_is_believed() -> None:
    assert statuses(fast_shard().tick(0, 900.0, 901.0))["alpha"] == "ELIGIBLE"


def test_a_move_of_many_spreads_but_few_percent_is_no_jump() -> None:
    shard = fast_shard(jump_percent=0.5)
    shard.tick(0)
    assert statuses(shard.tick(10, 1.1052, 1.1054))["alpha"] == "ELIGIBLE"


def test_a_move_of_many_percent_but_few_spreads_is_no_jump() -> None:
    shard = fast_shard()
    shard.tick(0, 1.1, 1.11)
    assert statuses(shard.tick(10, 1.2, 1.21))["alpha"] == "ELIGIBLE"


def test_exactly_the_limit_is_no_jump() -> None:
    shard = fast_shard(jump_spreads=4.0, jump_percent=50.0)
    shard.tick(0, 1.0, 3.0)  # mid 2, spread 2: more than 8 and more than 1 away
    assert statuses(shard.tick(10, 9.0, 11.0))["alpha"] == "ELIGIBLE"


def test_without_a_known_spread_nothing_is_a_jump() -> None:
    shard = fast_shard()
    shard.tick(0, 1.1, 1.1)
    assert statuses(shard.tick(10, 2.0, 2.0))["alpha"] == "ELIGIBLE"


def test_the_brokers_next_tick_near_the_doubted_one_confirms_it() -> None:
    shard = fast_shard()
    shard.tick(0)
    shard.tick(10, *FAR)
    assert statuses(shard.tick(20, 1.2001, 1.2003))["alpha"] == "ELIGIBLE"
    assert statuses(shard.tick(30, *FAR_BACK))["alpha"] == "QUARANTINED"  # the reference has moved


def test_the_doubted_quote_repeated_confirms_it() -> None:
    shard = fast_shard()
    shard.tick(0)
    shard.tick(10, *FAR)
    assert statuses(shard.tick(20, *FAR))["alpha"] == "ELIGIBLE"


def test_a_return_to_the_believed_level_is_believed() -> None:
    shard = fast_shard()
    shard.tick(0)
    shard.tick(10, *FAR)
    assert statuses(shard.tick(20, *FAR_BACK))["alpha"] == "ELIGIBLE"


def test_a_second_jump_elsewhere_stays_in_quarantine() -> None:
    shard = fast_shard()
    shard.tick(0)
    shard.tick(10, *FAR)
    assert statuses(shard.tick(20, 1.3, 1.3002))["alpha"] == "QUARANTINED"


def test_a_one_sided_tick_has_no_mid_to_doubt() -> None:
    shard = fast_shard()
    shard.tick(0)
    assert statuses(shard.tick(10, 1.5, 0.0))["alpha"] == "ONE_SIDED"
    assert statuses(shard.tick(20, *FAR))["alpha"] == "QUARANTINED"  # against the mid before


def test_another_brokers_quote_at_the_new_level_makes_a_jump_believable() -> None:
    shard = fast_shard()
    shard.tick(0)
    shard.tick(5, *FAR, broker="beta")
    assert statuses(shard.tick(10, *FAR))["alpha"] == "ELIGIBLE"


def test_a_broker_whose_session_is_lost_cannot_vouch() -> None:
    shard = fast_shard()
    shard.tick(0)
    shard.tick(5, *FAR, broker="beta")
    shard.end(7, broker="beta")
    assert statuses(shard.tick(10, *FAR)) == {"alpha": "QUARANTINED", "beta": "SESSION_LOST"}


def test_a_broker_in_quarantine_cannot_vouch() -> None:
    shard = fast_shard()
    shard.tick(0)
    shard.tick(1, broker="beta")
    shard.tick(5, *FAR, broker="beta")
    assert statuses(shard.tick(10, *FAR)) == {"alpha": "QUARANTINED", "beta": "QUARANTINED"}


def test_another_brokers_accepted_tick_near_it_releases_a_quote_with_one_update() -> None:
    shard = fast_shard()
    shard.tick(0)
    shard.tick(10, *FAR)
    out = shard.tick(20, 1.2001, 1.2003, broker="beta")
    assert statuses(out) == {"alpha": "ELIGIBLE", "beta": "ELIGIBLE"}
    assert [q.upto_sequence for q in quotes(shard.out)] == [1, 2, 3]


def test_another_brokers_tick_elsewhere_releases_nothing() -> None:
    shard = fast_shard()
    shard.tick(0)
    shard.tick(10, *FAR)
    assert statuses(shard.tick(20, *FAR_BACK, broker="beta"))["alpha"] == "QUARANTINED"


def test_a_release_is_told_to_tiers_that_have_only_the_released_broker() -> None:
    shard = Shard(tier("mine", interval_ms=1, brokers=["alpha"]), tier("theirs", interval_ms=1, brokers=["beta"]))
    shard.tick(0)
    shard.tick(10, *FAR)
    out = shard.tick(20, *FAR, broker="beta")
    assert [(q.tier, q.bid) for q in quotes(out)] == [("mine", 1.2), ("theirs", 1.2)]


def test_a_released_quote_is_the_new_reference() -> None:
    shard = fast_shard()
    shard.tick(0)
    shard.tick(10, *FAR)
    shard.tick(20, *FAR, broker="beta")
    shard.end(25, broker="beta")
    assert statuses(shard.tick(30, 1.2001, 1.2003))["alpha"] == "ELIGIBLE"
    assert statuses(shard.tick(40, *FAR_BACK))["alpha"] == "QUARANTINED"


def test_a_broker_outside_the_tier_vouches_too() -> None:
    shard = Shard(tier(interval_ms=1, brokers=["alpha"]))
    shard.tick(0)
    shard.tick(5, *FAR, broker="beta")
    assert statuses(shard.tick(10, *FAR)) == {"alpha": "ELIGIBLE"}


def test_a_forgotten_quote_is_no_reference() -> None:
    shard = fast_shard(quote_lifetime_us=2_000_000)
    shard.tick(0)
    shard.heartbeat(3000)
    assert statuses(shard.tick(3001, *FAR))["alpha"] == "ELIGIBLE"


def test_a_forgotten_quote_takes_the_habit_of_its_spreads_with_it() -> None:
    shard = fast_shard(quote_lifetime_us=2_000_000)
    shard.tick(0, 1.0, 1.2)
    shard.tick(1, 1.0, 1.2001)
    shard.heartbeat(3000)
    shard.tick(3001)
    assert statuses(shard.tick(3010, *FAR))["alpha"] == "QUARANTINED"


def test_the_median_of_the_last_63_spreads_decides() -> None:
    shard = fast_shard()
    for i in range(32):
        shard.tick(i, 1.1, 1.1002 + i * 1e-6)  # a habit of narrow spreads …
    for i in range(32, 64):
        shard.tick(i, 1.09, 1.11 + i * 1e-6)  # … and of wide ones: 31 and 32 of the last 63
    assert statuses(shard.tick(100, 1.35, 1.3502))["alpha"] == "ELIGIBLE"


def test_the_median_before_the_wide_half_prevails_is_narrow() -> None:
    shard = fast_shard()
    for i in range(33):
        shard.tick(i, 1.1, 1.1002 + i * 1e-6)
    for i in range(33, 64):
        shard.tick(i, 1.09, 1.11 + i * 1e-6)
    assert statuses(shard.tick(100, 1.35, 1.3502))["alpha"] == "QUARANTINED"


def test_quarantined_ticks_count_as_applied_and_as_quarantined() -> None:
    shard = fast_shard()
    shard.tick(0)
    shard.tick(10, *FAR)
    (row,) = rows(shard.advance(1000))
    assert (row.ticks, row.applied, row.quarantined) == (2, 2, 1)

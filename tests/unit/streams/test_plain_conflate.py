"""At most one record per interval, the first at once, the last always. The tier's interval is 100 ms."""

from streams.kernels.plain.conflate import Cause, Conflate, Released, Resume
from streams.kernels.plain.consolidate import Standing, consolidate
from streams.kernels.plain.outputs import Source
from tests.unit.streams.plain_builders import Shard, controls, ms, quotes, tier, us
from tierfeed.domain.words import ControlKind, QuoteState


def test_the_first_value_goes_at_once_and_is_due_when_it_came() -> None:
    (record,) = quotes(Shard().tick(7))
    assert (record.as_of_time, record.due_time, record.published_time) == (us(7), us(7), us(7))
    assert (record.upto_sequence, record.conflated_count, record.conflation_us) == (1, 0, 0)


def test_a_value_within_the_interval_goes_when_the_interval_ends() -> None:
    shard = Shard()
    shard.tick(0)
    assert shard.tick(30, 1.2, 1.2002) == []
    assert shard.advance(99.999) == []
    (record,) = quotes(shard.advance(100))
    assert (ms(record.as_of_time), ms(record.due_time), ms(record.published_time)) == (30, 100, 100)
    assert (record.upto_sequence, record.conflated_count, record.conflation_us) == (2, 0, 70_000)


def test_only_the_last_of_many_values_goes() -> None:
    shard = Shard()
    shard.tick(0)
    for at_ms, bid in ((10, 1.1001), (20, 1.1002), (30, 1.1003)):
        assert shard.tick(at_ms, bid, bid + 0.0002) == []
    (record,) = quotes(shard.advance(1000), "pro")
    assert (record.bid, record.upto_sequence, record.conflated_count) == (1.1003, 4, 2)


def test_a_value_after_the_interval_goes_at_once() -> None:
    shard = Shard()
    shard.tick(0)
    (record,) = quotes(shard.tick(250, 1.2, 1.2002))
    assert (ms(record.due_time), ms(record.published_time), record.conflation_us) == (100, 250, 0)


def test_a_value_at_the_very_end_of_the_interval_goes_at_once() -> None:
    shard = Shard()
    shard.tick(0)
    (record,) = quotes(shard.tick(100, 1.1001, 1.1003))
    assert (ms(record.due_time), ms(record.published_time)) == (100, 100)


def test_the_timer_goes_before_a_tick_of_the_same_instant() -> None:
    shard = Shard()
    shard.tick(0)
    shard.tick(50, 1.1001, 1.1003)
    (record,) = quotes(shard.tick(100, 1.1002, 1.1004))
    assert record.upto_sequence == 2
    (record,) = quotes(shard.advance(200))
    assert (record.upto_sequence, ms(record.published_time)) == (3, 200)


def test_the_interval_runs_from_the_trailing_release() -> None:
    shard = Shard()
    shard.tick(0)
    shard.tick(50, 1.1001, 1.1003)
    assert shard.tick(150, 1.1002, 1.1004) == quotes(shard.out)[1:2]
    assert [ms(q.published_time) for q in quotes(shard.advance(200))] == [200]


def test_symbols_and_tiers_have_intervals_of_their_own() -> None:
    shard = Shard(tier("fast", interval_ms=10), tier("slow", interval_ms=1000))
    shard.tick(0)
    shard.tick(1, symbol="GBPUSD")
    shard.tick(2, 1.1001, 1.1003)
    shard.tick(3, 1.1001, 1.1003, symbol="GBPUSD")
    assert [(q.tier, q.symbol, ms(q.published_time)) for q in quotes(shard.advance(2000))] == [
        ("fast", "EURUSD", 10),
        ("fast", "GBPUSD", 11),
        ("slow", "EURUSD", 1000),
        ("slow", "GBPUSD", 1001),
    ]


def test_at_one_instant_tiers_go_in_their_order_and_symbols_in_order_of_their_last_release() -> None:
    shard = Shard(tier("second", interval_ms=20), tier("first", interval_ms=20))
    for symbol in ("GBPUSD", "EURUSD"):
        shard.tick(0, symbol=symbol)
    for symbol in ("EURUSD", "GBPUSD"):
        shard.tick(1, 1.1001, 1.1003, symbol=symbol)
    assert [(q.tier, q.symbol) for q in quotes(shard.advance(20))] == [
        ("second", "GBPUSD"),
        ("second", "EURUSD"),
        ("first", "GBPUSD"),
        ("first", "EURUSD"),
    ]


def test_the_order_of_the_last_release_counts_not_of_the_first() -> None:
    shard = Shard(tier(interval_ms=20))
    for at_ms, symbols in ((0, ["GBPUSD", "EURUSD"]), (500, ["EURUSD", "GBPUSD"]), (501, ["GBPUSD", "EURUSD"])):
        for symbol in symbols:
            shard.tick(at_ms, 1.1 + at_ms / 1e6, 1.2, symbol=symbol)
    assert [q.symbol for q in quotes(shard.advance(520))] == ["EURUSD", "GBPUSD"]


def test_a_record_tells_the_range_of_all_it_covers() -> None:
    shard = Shard()
    shard.tick(0)
    shard.tick(10, 1.1001, 1.1002)
    shard.tick(20, 1.1004, 1.1008)
    shard.tick(30, 1.1, 0.0)  # one-sided: neither mid nor spread
    (record,) = quotes(shard.advance(100))
    assert (record.mid, record.spread, record.state) == (None, None, QuoteState.ONE_SIDED)
    assert (record.spread_min, record.spread_max) == (0.0001, 0.0004)
    assert (record.mid_low, record.mid_high) == (1.10015, 1.1006)


def test_the_range_begins_again_with_each_record() -> None:
    shard = Shard()
    shard.tick(0, 1.1, 1.2)
    shard.tick(10, 1.1001, 1.1002)
    (record,) = quotes(shard.advance(100))
    assert (record.spread_min, record.spread_max) == (0.0001, 0.0001)


def test_a_record_shows_the_time_and_offsets_of_its_last_update_not_of_its_release() -> None:
    shard = Shard()
    shard.tick(0)
    shard.tick(10, 1.1001, 1.1003)
    shard.heartbeat(50)
    shard.tick(60, 1.1001, 1.1003)  # unchanged: no update
    (record,) = quotes(shard.advance(100))
    assert (ms(record.as_of_time), record.sources) == (10, (Source(broker="alpha", offset=1),))


def test_stale_follows_the_record_that_says_so_and_fresh_precedes_the_one_that_ends_it() -> None:
    shard = Shard(tier(interval_ms=1))
    shard.tick(0)
    stale_record, stale = shard.end(10)
    assert quotes([stale_record])[0].state is QuoteState.STALE
    assert controls([stale])[0].kind is ControlKind.STALE
    assert (controls([stale])[0].reason, controls([stale])[0].symbol) == ("SESSION_LOST", "EURUSD")
    fresh, fresh_record = shard.tick(20, 1.1001, 1.1003)
    assert controls([fresh])[0].kind is ControlKind.FRESH
    assert controls([fresh])[0].time == quotes([fresh_record])[0].published_time == us(20)


def test_the_very_first_record_is_not_announced() -> None:
    assert controls(Shard().tick(0)) == []


def test_staleness_that_is_conflated_away_is_not_told() -> None:
    shard = Shard()
    shard.tick(0)
    shard.end(10)
    shard.tick(20, 1.1001, 1.1003)
    shard.advance(1000)
    assert controls(shard.out) == []
    assert [q.upto_sequence for q in quotes(shard.out)] == [1, 3]


def test_a_composite_that_stays_stale_is_not_announced_again() -> None:
    shard = Shard(tier(interval_ms=1), quote_lifetime_us=3_000_000)
    shard.tick(0)
    shard.end(10)
    shard.start(20, broker="beta")
    out = shard.heartbeat(5000, broker="beta")  # alpha's quote is forgotten meanwhile
    assert [q.state for q in quotes(out)] == [QuoteState.STALE]
    assert [c.kind for c in controls(shard.out)] == [ControlKind.STALE]


def test_live_a_record_is_released_when_the_clock_permits_and_the_interval_runs_from_there() -> None:
    pro, now = tier(), [us(3)]
    conflate = Conflate([pro], clock=lambda: now[0])

    def update(at_ms: float) -> list[float]:
        composite = consolidate("EURUSD", [Standing("alpha", False, None, None)], us(at_ms))
        return [ms(q.published_time) for q in quotes(conflate.update(pro, composite, Cause(us(at_ms), "alpha", 0)))]

    assert update(0) == [3]
    assert update(101) == []
    assert conflate.next_due_us() == us(103)
    now[0] = us(109)
    assert [ms(q.published_time) for q in quotes(conflate.release_due(us(104)))] == [109]


def released(**changes: object) -> Resume:
    given = {
        "upto_sequence": 40,
        "as_of_time": us(0),
        "last_release": us(50),
        "sources": {"alpha": 1},
        "state": QuoteState.NORMAL,
    }
    return Resume(released={("pro", "EURUSD"): Released(**(given | changes))})


def test_a_resumed_worker_is_silent_about_covered_ticks_and_numbers_on() -> None:
    shard = Shard(resume=released())
    shard.tick(-10)
    shard.tick(0, 1.1001, 1.1003)
    assert shard.tick(20, 1.1002, 1.1004) == []  # offset 2 is news, and waits for the interval of the other's record
    (record,) = quotes(shard.advance(900))
    assert (record.upto_sequence, record.conflated_count, ms(record.published_time)) == (41, 0, 150)


def test_a_resumed_worker_has_nothing_pending() -> None:
    shard = Shard(resume=released())
    shard.tick(-10)
    assert quotes(shard.advance(5000)) == []


def test_a_resumed_worker_covers_timers_by_time_and_records_by_offset() -> None:
    def shard(as_of_ms: float) -> Shard:
        resume = released(as_of_time=us(as_of_ms), last_release=us(as_of_ms))
        shard = Shard(resume=resume, quote_lifetime_us=2_000_000)
        shard.tick(0)
        shard.heartbeat(2000)  # the quote is forgotten by the timer at 2 s
        return shard

    assert quotes(shard(as_of_ms=2000).out) == []
    assert [q.upto_sequence for q in quotes(shard(as_of_ms=1999).advance(4000))] == [41]


def test_a_change_of_liveness_by_a_record_is_covered_by_its_offset() -> None:
    covered, news = (Shard(resume=released(sources={"alpha": offset})) for offset in (1, 0))
    for shard in (covered, news):
        shard.tick(-10)
        shard.end(0)
        shard.finish()
    assert quotes(covered.out) == []
    assert [(q.upto_sequence, q.state) for q in quotes(news.out)] == [(41, QuoteState.STALE)]


def test_a_release_from_quarantine_by_a_broker_outside_the_tier_is_covered_by_time() -> None:
    def shard(as_of_ms: float) -> Shard:
        shard = Shard(tier(brokers=["alpha"]), resume=released(as_of_time=us(as_of_ms), last_release=us(as_of_ms)))
        shard.tick(-20)
        shard.tick(-10, 1.2, 1.2002)
        shard.tick(0, 1.2, 1.2002, broker="beta")
        shard.advance(500)
        return shard

    assert quotes(shard(as_of_ms=0).out) == []
    assert [q.upto_sequence for q in quotes(shard(as_of_ms=-1).out)] == [41]


def test_offsets_told_by_the_last_record_are_told_again_though_the_rewind_begins_after_them() -> None:
    shard = Shard(resume=released(sources={"alpha": -1, "beta": 17}))
    (record,) = quotes(shard.tick(500))
    assert record.sources == (Source(broker="alpha", offset=0), Source(broker="beta", offset=17))


def test_the_state_of_the_last_record_decides_whether_freshness_is_told() -> None:
    shard = Shard(resume=released(state=QuoteState.STALE))
    shard.tick(-10)
    shard.tick(0)
    assert [c.kind for c in controls(shard.tick(500, 1.1002, 1.1004))] == [ControlKind.FRESH]


def test_what_was_due_when_all_was_settled_and_is_not_covered_was_never_an_update() -> None:
    before = released().released
    settled = Resume(released=before, settled_us={name: us(5000) for name, _ in before})
    shard = Shard(resume=settled)
    for _ in range(3):  # offset 2 repeated a quote from before the rewind; there it was UNCHANGED
        shard.heartbeat(1000)
    assert shard.tick(1000) == []
    assert quotes(shard.tick(5000, 1.1001, 1.1003))[0].upto_sequence == 41

"""The whole line: timers, liveness, lifetimes, and the order of it all."""

from streams.kernels.plain.line import reference
from streams.kernels.plain.outputs import TierQuote
from streams.kernels.plain.rules import Rules
from tests.unit.streams.plain_builders import Shard, controls, end, ms, quotes, rows, tick, tier, us
from tierfeed.domain.words import BrokerStatus, ControlKind, QuoteState

FAST = tier(interval_ms=1)


def last(shard: Shard) -> TierQuote:
    return quotes(shard.out)[-1]


def test_a_silent_broker_leaves_by_the_first_second_timer_past_the_timeout() -> None:
    shard = Shard(FAST)
    shard.tick(0)
    shard.start(1, broker="beta")
    shard.heartbeat(10_500, broker="beta")
    assert last(shard).state is QuoteState.NORMAL  # 10 s is not longer than 10 s
    shard.heartbeat(11_000, broker="beta")
    assert (last(shard).state, ms(last(shard).as_of_time)) == (QuoteState.STALE, 11_000)
    assert last(shard).brokers[0].status is BrokerStatus.SESSION_LOST


def test_any_record_is_a_sign_of_life_even_a_dropped_tick() -> None:
    shard = Shard(FAST)
    shard.tick(0)
    shard.tick(9_000, sequence=1)  # a duplicate
    shard.tick(18_000, 0.0, 0.0)  # invalid
    shard.heartbeat(27_000)
    shard.start(36_000)
    assert [q.state for q in quotes(shard.out)] == [QuoteState.NORMAL]


def test_a_quiet_symbol_on_a_live_session_is_no_outage() -> None:
    shard = Shard(FAST)
    shard.tick(0)
    for second in range(1, 60):
        shard.heartbeat(second * 1000)
    assert len(quotes(shard.out)) == 1


def test_a_broker_that_comes_back_brings_its_held_quote_with_it() -> None:
    shard = Shard(FAST)
    shard.tick(0)
    shard.tick(0, symbol="GBPUSD")
    shard.advance(11_000)
    out = shard.heartbeat(12_000)
    assert [(q.symbol, q.state) for q in quotes(out)] == [
        ("EURUSD", QuoteState.NORMAL),
        ("GBPUSD", QuoteState.NORMAL),
    ]
    assert [c.kind for c in controls(out)] == [ControlKind.FRESH] * 2


def test_a_tick_that_brings_its_broker_back_makes_one_update() -> None:
    shard = Shard(FAST)
    shard.tick(0)
    shard.advance(11_000)
    (record,) = quotes(shard.tick(12_000, 1.1001, 1.1003))
    assert (record.bid, record.upto_sequence) == (1.1001, 3)


def test_the_end_of_the_last_open_stream_takes_the_broker_away_at_once() -> None:
    shard = Shard(FAST)
    shard.start(0, line=0)
    shard.start(0, line=1)
    shard.tick(1)
    assert shard.end(2, line=0) == []
    (record,) = quotes(shard.end(3, line=1))
    assert (record.state, ms(record.as_of_time)) == (QuoteState.STALE, 3)


def test_the_end_of_a_stream_that_is_not_open_changes_nothing() -> None:
    shard = Shard(FAST)
    shard.tick(0)
    assert shard.end(1, session=77) == []
    assert shard.end(2, broker="beta") == []
    assert shard.line.liveness.live("alpha")


def test_a_second_goodbye_changes_nothing_though_a_quote_is_held() -> None:
    shard = Shard(FAST)
    shard.tick(0)
    shard.end(1)
    assert shard.end(2) == []


def test_a_silent_stream_is_closed_so_that_the_others_end_is_the_last() -> None:
    shard = Shard(FAST)
    shard.start(0, line=1)
    shard.tick(0)
    for second in range(1, 12):
        shard.heartbeat(second * 1000)
    assert [q.state for q in quotes(shard.end(11_500))] == [QuoteState.STALE]


def test_a_quote_is_forgotten_when_it_reaches_its_lifetime() -> None:
    shard = Shard(FAST, quote_lifetime_us=5_000_000)
    shard.tick(0)
    shard.tick(1, 1.2, 1.2002, broker="beta")
    shard.heartbeat(4_999)
    shard.heartbeat(4_999, broker="beta")
    shard.heartbeat(5_000)
    assert (last(shard).brokers[0].status, last(shard).bid) == (BrokerStatus.NO_QUOTE, 1.2)
    assert last(shard).brokers[1].status is BrokerStatus.ELIGIBLE  # 1 ms younger: it stays until 6 s
    shard.heartbeat(6_000)
    assert (last(shard).state, ms(last(shard).as_of_time)) == (QuoteState.STALE, 6_000)


def test_an_unchanged_tick_refreshes_the_quote_without_an_update() -> None:
    shard = Shard(FAST, quote_lifetime_us=5_000_000)
    shard.tick(0, event_time=us(-2))
    assert quotes(shard.tick(2_000, event_time=us(1_998))) == []
    shard.heartbeat(6_999)
    assert len(quotes(shard.out)) == 1
    (record,) = quotes(shard.tick(6_999, 1.2, 1.2002, broker="beta"))
    assert (record.brokers[0].received_time, record.brokers[0].event_time) == (us(2_000), us(1_998))


def test_all_that_a_timer_takes_away_is_one_update_per_tier_and_symbol() -> None:
    shard = Shard(FAST)
    shard.tick(0)
    shard.tick(0, symbol="GBPUSD")
    shard.tick(0, broker="beta")
    shard.advance(10_000)
    out = shard.advance(11_000)  # both brokers are lost at once
    assert [(q.symbol, q.upto_sequence, q.state) for q in quotes(out)] == [
        ("EURUSD", 3, QuoteState.STALE),
        ("GBPUSD", 2, QuoteState.STALE),
    ]


def test_updates_go_symbol_by_symbol_and_tier_by_tier() -> None:
    shard = Shard(tier("zinc", interval_ms=1), tier("gold", interval_ms=1, brokers=["beta"]), tier("iron"))
    shard.tick(0, symbol="USDJPY")
    shard.tick(0, symbol="EURUSD")
    assert [(q.symbol, q.tier) for q in quotes(shard.end(500))] == [
        ("USDJPY", "zinc"),
        ("USDJPY", "iron"),
        ("EURUSD", "zinc"),
        ("EURUSD", "iron"),
    ]


def test_the_second_timer_closes_windows_before_it_takes_anything_away_and_before_conflation() -> None:
    shard = Shard(tier(interval_ms=1000), heartbeat_timeout_us=500_000)
    shard.tick(0)
    shard.tick(499, 1.1001, 1.1003)
    row, record, control = shard.advance(1000)
    assert rows([row])[0].ticks == 2
    assert (quotes([record])[0].upto_sequence, quotes([record])[0].state) == (3, QuoteState.STALE)
    assert controls([control])[0].kind is ControlKind.STALE


def test_there_is_no_second_timer_before_or_at_the_first_event() -> None:
    shard = Shard(heartbeat_timeout_us=1)
    shard.tick(3000)
    assert quotes(shard.advance(3999.999)) == []
    assert [q.state for q in quotes(shard.advance(4000))] == [QuoteState.STALE]


def test_seconds_pass_unnoticed_while_nothing_is_alive() -> None:
    shard = Shard(FAST, quote_lifetime_us=2_000_000)
    shard.tick(0)
    shard.end(1)
    shard.advance(10_000)
    before = len(shard.out)
    year_ms = 365 * 86_400_000.0
    shard.tick(year_ms + 500)
    assert [type(output).__name__ for output in shard.out[before:]] == ["TierControlOut", "TierQuote"]
    assert [ms(row.window_start) for row in rows(shard.advance(year_ms + 1000))] == [year_ms]


def test_time_never_goes_back() -> None:
    shard = Shard(FAST)
    shard.tick(10)
    (record,) = quotes(shard.tick(5, 1.1001, 1.1003) + shard.advance(11))
    assert (ms(record.as_of_time), ms(record.published_time)) == (10, 11)


def test_a_heartbeat_of_another_symbols_broker_moves_the_timers() -> None:
    shard = Shard()
    shard.tick(0)
    shard.tick(1, 1.1001, 1.1003)
    assert [ms(q.published_time) for q in quotes(shard.heartbeat(400, broker="beta"))] == [100]


def test_a_tier_gets_nothing_of_brokers_or_symbols_it_does_not_have() -> None:
    shard = Shard(tier(brokers=["alpha"], symbols=["EURUSD"]))
    assert shard.tick(0, broker="beta") == []
    assert shard.tick(0, symbol="GBPUSD") == []
    assert len(shard.tick(0)) == 1


def test_brokers_of_the_tier_that_are_not_deployed_are_not_shown() -> None:
    shard = Shard(tier(brokers=["gamma", "alpha"]))
    (record,) = quotes(shard.tick(0))
    assert [broker.broker for broker in record.brokers] == ["alpha"]


def test_with_all_sessions_ended_the_last_values_go_and_the_windows_close() -> None:
    shard = Shard(tier(interval_ms=1700))
    shard.tick(0)
    shard.tick(1, 1.1001, 1.1003)
    shard.end(2)
    out = shard.finish()
    assert [type(output).__name__ for output in out] == ["QualityRow", "TierQuote", "TierControlOut"]
    assert quotes(out)[0].upto_sequence == 3


def test_at_the_end_the_line_does_not_run_on_until_quotes_expire() -> None:
    shard = Shard(tier(interval_ms=5000), quote_lifetime_us=2_000_000)
    shard.tick(0)
    shard.end(1)
    assert [(q.upto_sequence, q.brokers[0].status.name) for q in quotes(shard.finish())] == [(2, "SESSION_LOST")]


def test_to_finish_twice_is_to_finish_once() -> None:
    shard = Shard(quote_lifetime_us=2_000_000)
    shard.tick(0)
    shard.end(999)
    assert shard.finish() != []
    assert shard.finish() == []
    assert shard.finish() == []


def test_with_a_session_open_time_stops_where_it_was_last_heard() -> None:
    shard = Shard()
    shard.tick(0)
    shard.tick(1, 1.1001, 1.1003)
    assert shard.finish() == []
    shard.heartbeat(99.999)
    assert shard.finish() == []


def test_finish_before_anything_came_is_nothing() -> None:
    assert Shard().finish() == []


def test_the_reference_takes_the_whole_input_in_any_order_of_brokers() -> None:
    events = {
        "beta": [tick(1, broker="beta"), end(3, broker="beta", offset=1)],
        "alpha": [tick(0), tick(2, 1.1001, 1.1002, sequence=2, offset=1), end(4, offset=2)],
    }
    out = reference(events, [FAST], Rules(), epoch=7)
    assert [(q.upto_sequence, q.bid_broker, q.state, q.epoch) for q in quotes(out)] == [
        (1, "alpha", QuoteState.NORMAL, 7),
        (2, "alpha", QuoteState.NORMAL, 7),
        (3, "alpha", QuoteState.NORMAL, 7),
        (4, "alpha", QuoteState.NORMAL, 7),
        (5, None, QuoteState.STALE, 7),
    ]
    assert {row.epoch for row in rows(out)} == {7}

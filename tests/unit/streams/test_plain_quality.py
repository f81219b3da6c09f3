"""One second of one broker's symbol, in numbers computed by hand."""

import math

from streams.kernels.plain.outputs import Output, QualityRow
from streams.kernels.plain.prices import median, nearest_rank, rounded
from tests.unit.streams.plain_builders import Shard, dead_letters, rows, us
from tierfeed.domain.words import Flag


def the_row(out: list[Output]) -> QualityRow:
    (row,) = rows(out)
    return row


def test_a_window_is_told_by_the_timer_that_ends_its_second() -> None:
    shard = Shard()
    shard.tick(100)
    assert rows(shard.advance(999.999)) == []
    row = the_row(shard.advance(1000))
    assert (row.broker, row.symbol, row.window_start, row.ticks) == ("alpha", "EURUSD", us(0), 1)


def test_a_tick_on_the_whole_second_belongs_to_the_second_it_begins() -> None:
    shard = Shard()
    shard.tick(100)
    out = shard.tick(1000, 1.1001, 1.1003) + shard.advance(2000)
    assert [(row.window_start, row.ticks) for row in rows(out)] == [(us(0), 1), (us(1000), 1)]


def test_a_second_with_neither_tick_nor_heartbeat_has_no_row() -> None:
    shard = Shard()
    shard.tick(100)
    assert [row.symbol for row in rows(shard.advance(9000))] == ["EURUSD"]


def test_a_quiet_broker_that_beats_has_a_row_without_a_symbol() -> None:
    shard = Shard()
    shard.tick(100)
    out = shard.heartbeat(5000) + shard.heartbeat(5700) + shard.advance(7000)
    row = rows(out)[-1]
    assert (len(rows(out)), row.symbol, row.window_start, row.ticks) == (2, "", us(5000), 0)
    assert (row.heartbeats, row.last_received_time, row.spread_min, row.latency_p50_us) == (2, us(5700), None, None)


def test_a_broker_that_beats_and_ticks_has_no_row_without_a_symbol() -> None:
    shard = Shard()
    shard.tick(100)
    out = shard.heartbeat(200) + shard.advance(1000)
    assert [(row.symbol, row.heartbeats) for row in rows(out)] == [("EURUSD", 1)]


def test_every_outcome_is_counted_once() -> None:
    shard = Shard()
    shard.tick(0, 1.1, 1.1002, event_time=us(0), sequence=1)
    shard.tick(1, 1.2, 1.2002, event_time=us(1), sequence=5)  # 2 to 4 are missing
    shard.tick(2, 1.1, 1.1002, sequence=5)  # duplicate
    shard.tick(3, 1.1, 1.1002, sequence=3)  # late
    shard.tick(4, 1.2, 1.2002, event_time=us(1), line=1)  # the other line's copy
    shard.tick(5, 1.2, 1.2002, event_time=us(5), sequence=6)  # confirms, for it was in quarantine
    shard.tick(6, 1.2, 1.2002, event_time=us(6), sequence=7)  # unchanged
    shard.tick(7, 1.3, 1.3, flags=Flag.BACKFILLED)
    shard.tick(8, math.nan, 1.3, sequence=8)
    row = the_row(shard.advance(1000))
    assert (row.ticks, row.applied, row.duplicates, row.line_duplicates) == (9, 3, 1, 1)
    assert (row.unchanged, row.late, row.backfilled, row.invalid) == (1, 1, 1, 1)
    assert (row.missing, row.quarantined, row.last_received_time) == (2, 1, us(8))


def test_missing_may_be_negative_where_late_ones_come_in_a_later_second() -> None:
    shard = Shard()
    shard.tick(0, sequence=1)
    shard.tick(1, 1.1001, sequence=3)
    out = shard.tick(1500, sequence=2) + shard.advance(2000)
    assert [row.missing for row in rows(out)] == [1, -1]


def test_crossed_and_locked_ticks_are_counted_and_kept() -> None:
    shard = Shard()
    for at_ms, ask in enumerate((1.2, 1.1, 1.0, 0.0)):
        shard.tick(at_ms, 1.1, ask)
    row = the_row(shard.advance(1000))
    assert (row.applied, row.crossed, row.locked) == (4, 1, 1)


def test_spreads_are_rounded_to_the_symbols_digits_and_their_mean_to_two_more() -> None:
    shard = Shard()
    for at_ms, ask in enumerate((1.10001, 1.10002, 1.10002, 0.0)):
        shard.tick(at_ms, 1.1, ask)
    row = the_row(shard.advance(1000))
    assert (row.spread_min, row.spread_mean, row.spread_max) == (0.00001, 0.0000167, 0.00002)


def test_without_a_two_sided_tick_there_is_no_spread() -> None:
    shard = Shard()
    shard.tick(0, 1.1, 0.0)
    row = the_row(shard.advance(1000))
    assert (row.spread_min, row.spread_mean, row.spread_max) == (None, None, None)


def test_percentiles_are_nearest_ranks_of_received_less_event_time() -> None:
    shard = Shard()
    for i in range(1, 21):
        shard.tick(i, 1.1, 1.1001 + i / 1e5, event_time=us(i) - i * 1000)
    row = the_row(shard.advance(1000))
    assert (row.latency_p50_us, row.latency_p95_us) == (10_000, 19_000)
    assert (row.latency_p99_us, row.latency_max_us) == (20_000, 20_000)


def test_latency_leaves_out_ticks_without_event_time_and_invalid_ones() -> None:
    shard = Shard()
    shard.tick(5, event_time=us(3))
    shard.tick(6, 1.1001, 1.1003)
    shard.tick(7, -1.0, 1.1003, event_time=us(0))
    row = the_row(shard.advance(1000))
    assert (row.latency_p50_us, row.latency_max_us) == (2000, 2000)


def test_a_clock_that_is_ahead_of_ours_gives_a_negative_latency() -> None:
    shard = Shard()
    shard.tick(5, event_time=us(8))
    assert the_row(shard.advance(1000)).latency_p50_us == -3000


def test_heartbeats_of_all_the_brokers_sessions_are_counted_in_each_of_its_rows() -> None:
    shard = Shard()
    shard.start(0)
    shard.heartbeat(0)
    shard.heartbeat(1, line=1)
    shard.tick(2)
    shard.tick(3, symbol="GBPUSD")
    shard.tick(3, broker="beta")
    out = shard.tick(1500, 1.1001) + shard.advance(2000)
    assert [(row.broker, row.symbol, row.heartbeats) for row in rows(out)] == [
        ("alpha", "EURUSD", 2),
        ("alpha", "GBPUSD", 2),
        ("beta", "EURUSD", 0),
        ("alpha", "EURUSD", 0),
    ]


def test_rows_come_by_broker_and_then_by_first_appearance_of_the_symbol() -> None:
    shard = Shard()
    shard.tick(1, broker="beta", symbol="USDJPY")
    shard.tick(2, broker="alpha", symbol="EURUSD")
    shard.tick(3, broker="alpha", symbol="USDJPY")
    assert [(row.broker, row.symbol) for row in rows(shard.advance(1000))] == [
        ("alpha", "USDJPY"),
        ("alpha", "EURUSD"),
        ("beta", "USDJPY"),
    ]


def test_a_malformed_symbol_has_a_dead_letter_and_no_window() -> None:
    shard = Shard()
    out = shard.tick(0, symbol="eurusd")
    assert [letter.offset for letter in dead_letters(out)] == [0]
    assert rows(shard.advance(2000)) == []


def test_an_invalid_tick_of_a_good_symbol_has_both() -> None:
    shard = Shard()
    assert len(dead_letters(shard.tick(0, 0.0, 0.0))) == 1
    row = the_row(shard.advance(1000))
    assert (row.ticks, row.invalid, row.spread_min) == (1, 1, None)


def test_undecodable_bytes_are_a_dead_letter_that_moves_no_time_and_proves_no_life() -> None:
    shard = Shard()
    (letter,) = dead_letters(shard.undecodable())
    assert (letter.broker, letter.offset, letter.reason) == ("alpha", 0, "no schema 77")
    assert shard.line.now_us is None
    assert not shard.line.liveness.live("alpha")


def test_nearest_rank_takes_the_smallest_value_that_covers_the_share() -> None:
    assert [nearest_rank([1, 2, 3, 4], p) for p in (1, 25, 26, 50, 75, 76, 100)] == [1, 1, 2, 2, 3, 4, 4]
    assert nearest_rank([7], 50) == 7


def test_a_median_of_an_even_number_is_the_mean_of_the_middle_two() -> None:
    assert median([4.0, 1.0, 3.0, 2.0]) == 2.5
    assert median([3.0, 1.0, 2.0]) == 2.0
    assert median([]) is None


def test_rounding_goes_to_the_even_neighbour() -> None:
    assert [rounded(x, 0) for x in (0.5, 1.5, 2.5, -0.5)] == [0.0, 2.0, 2.0, 0.0]
    assert rounded(math.inf, 5) == math.inf

"""What becomes of a tick, rule by rule."""

import math

import pytest

from streams.kernels.plain.consolidate import Quote
from streams.kernels.plain.dedupe import Dedupe, Verdict
from streams.kernels.plain.events import TickEvent
from streams.kernels.plain.liveness import Liveness
from streams.kernels.plain.rules import Rules
from tests.unit.streams.plain_builders import tick, us
from tierfeed.domain.words import Drop, Flag

HORIZON_MS = 60_000


class Desk:
    """A Dedupe with its liveness, judging ticks one after another; no quote is held unless given."""

    def __init__(self) -> None:
        self.liveness = Liveness(Rules().heartbeat_timeout_us)
        self.dedupe = Dedupe(Rules(), self.liveness)

    def judge(self, event: TickEvent, held: Quote | None = None) -> Verdict:
        self.liveness.beat(event.broker, event.stream, event.received_time)
        return self.dedupe.judge(event, held, event.received_time)

    def outcomes(self, *events: TickEvent) -> list[Drop]:
        return [self.judge(event).outcome for event in events]

    def sequences(self, *sequences: int) -> list[tuple[Drop, int]]:
        verdicts = [self.judge(tick(0, sequence=sequence)) for sequence in sequences]
        return [(verdict.outcome, verdict.missing) for verdict in verdicts]


@pytest.mark.parametrize("price", [math.nan, math.inf, -math.inf, -1.0])
@pytest.mark.parametrize("side", ["bid", "ask"])
def test_a_price_that_is_no_price_makes_the_tick_invalid_whatever_the_other_side(side: str, price: float) -> None:
    verdict = Desk().judge(tick(0, **{side: price}))
    assert verdict.outcome is Drop.INVALID
    assert side in verdict.reason


def test_a_tick_without_any_price_is_invalid() -> None:
    assert Desk().outcomes(tick(0, 0.0, 0.0)) == [Drop.INVALID]


@pytest.mark.parametrize(("bid", "ask"), [(1.1, 0.0), (0.0, 1.1), (1.2, 1.1), (1.1, 1.1)])
def test_a_one_sided_crossed_or_locked_tick_is_real(bid: float, ask: float) -> None:
    assert Desk().outcomes(tick(0, bid, ask)) == [Drop.APPLIED]


@pytest.mark.parametrize("symbol", ["EU", "eurusd", "EUR/USD", "A" * 17, "EURUSD\n", ""])
def test_a_symbol_that_is_not_canonical_is_invalid(symbol: str) -> None:
    assert Desk().outcomes(tick(0, symbol=symbol)) == [Drop.INVALID]


@pytest.mark.parametrize("symbol", ["EUR", "US30", "A" * 16])
def test_a_canonical_symbol_is_valid(symbol: str) -> None:
    assert Desk().outcomes(tick(0, symbol=symbol)) == [Drop.APPLIED]


def test_a_backfilled_tick_never_enters_the_live_order_and_leaves_the_sequence_alone() -> None:
    desk = Desk()
    backfilled = tick(0, sequence=1, flags=Flag.BACKFILLED | Flag.SNAPSHOT)
    assert desk.outcomes(backfilled, backfilled, tick(0, sequence=1)) == [
        Drop.BACKFILLED,
        Drop.BACKFILLED,
        Drop.APPLIED,
    ]


def test_an_invalid_tick_is_invalid_even_if_it_is_backfilled() -> None:
    assert Desk().outcomes(tick(0, -1.0, flags=Flag.BACKFILLED)) == [Drop.INVALID]


def test_the_first_tick_of_a_stream_may_have_any_sequence() -> None:
    assert Desk().sequences(4711) == [(Drop.APPLIED, 0)]


def test_the_newest_sequence_again_is_a_duplicate() -> None:
    assert Desk().sequences(1, 1) == [(Drop.APPLIED, 0), (Drop.DUPLICATE, 0)]


def test_an_older_sequence_again_is_a_duplicate() -> None:
    assert Desk().sequences(1, 2, 3, 1) == [(Drop.APPLIED, 0)] * 3 + [(Drop.DUPLICATE, 0)]


def test_skipped_sequences_are_missing_until_they_come_late_once() -> None:
    assert Desk().sequences(1, 4, 2, 2, 3) == [
        (Drop.APPLIED, 0),
        (Drop.APPLIED, 2),
        (Drop.LATE, -1),
        (Drop.DUPLICATE, 0),
        (Drop.LATE, -1),
    ]


def test_a_sequence_63_behind_is_still_known_to_be_skipped() -> None:
    assert Desk().sequences(1, 65, 2) == [(Drop.APPLIED, 0), (Drop.APPLIED, 63), (Drop.LATE, -1)]


def test_a_sequence_63_behind_is_still_known_to_be_seen() -> None:
    assert Desk().sequences(2, 65, 2) == [(Drop.APPLIED, 0), (Drop.APPLIED, 62), (Drop.DUPLICATE, 0)]


def test_a_sequence_64_behind_counts_as_seen_though_it_was_skipped() -> None:
    assert Desk().sequences(2, 66, 3, 2) == [
        (Drop.APPLIED, 0),
        (Drop.APPLIED, 63),
        (Drop.LATE, -1),
        (Drop.DUPLICATE, 0),
    ]


def test_streams_and_symbols_count_sequences_apart() -> None:
    one = {"event_time": None}
    assert (
        Desk().outcomes(
            tick(0, sequence=5, **one), tick(0, sequence=5, symbol="GBPUSD"), tick(0, sequence=5, broker="beta")
        )
        == [Drop.APPLIED] * 3
    )


def test_a_b_a_within_one_millisecond_are_three_changes() -> None:
    a, b = {"bid": 1.1, "ask": 1.1002, "event_time": us(0)}, {"bid": 1.1001, "ask": 1.1003, "event_time": us(0)}
    desk, shown = Desk(), (tick(0, sequence=1, **a), tick(0, sequence=2, **b), tick(0, sequence=3, **a))
    assert desk.outcomes(*shown) == [Drop.APPLIED] * 3


def test_the_second_lines_copy_of_a_tick_is_dropped() -> None:
    first, copy = (tick(at, event_time=us(0), line=line) for at, line in ((1, 0), (2, 1)))
    assert Desk().outcomes(first, copy) == [Drop.APPLIED, Drop.LINE_DUPLICATE]


def test_whichever_line_is_first_delivers() -> None:
    ahead, behind = tick(1, event_time=us(0), line=1), tick(2, event_time=us(0), line=0)
    assert Desk().outcomes(ahead, behind) == [Drop.APPLIED, Drop.LINE_DUPLICATE]


@pytest.mark.parametrize(
    "changed",
    [{"bid": 1.1001}, {"ask": 1.1003}, {"bid_size": 2.0}, {"bid_size": None}, {"ask_size": 2.0}, {"event_time": us(1)}],
)
def test_a_tick_that_differs_in_anything_is_no_copy(changed: dict[str, float | None]) -> None:
    same = {"bid": 1.1, "ask": 1.1002, "event_time": us(0), "bid_size": 1.0, "ask_size": 1.0}
    assert Desk().outcomes(tick(1, **same), tick(2, line=1, **(same | changed))) == [Drop.APPLIED] * 2


def test_another_brokers_equal_quote_is_no_copy() -> None:
    assert Desk().outcomes(tick(1, event_time=us(0)), tick(1, event_time=us(0), broker="beta")) == [Drop.APPLIED] * 2


def test_the_kth_occurrence_on_another_line_is_dropped_only_if_the_kth_was_seen() -> None:
    desk, same = Desk(), {"event_time": us(0)}
    assert desk.outcomes(
        tick(1, sequence=1, line=0, **same),
        tick(1, sequence=2, line=0, **same),
        tick(2, sequence=1, line=1, **same),
        tick(2, sequence=2, line=1, **same),
        tick(2, sequence=3, line=1, **same),  # the third is news from line 1
        tick(3, sequence=3, line=0, **same),
    ) == [Drop.APPLIED, Drop.APPLIED, Drop.LINE_DUPLICATE, Drop.LINE_DUPLICATE, Drop.APPLIED, Drop.LINE_DUPLICATE]


def test_a_session_that_repeats_all_of_the_one_before_adds_nothing() -> None:
    desk = Desk()
    first = [tick(i, 1.1 + i / 1e4, sequence=i, session=1, event_time=us(i)) for i in range(1, 6)]
    again = [tick(5 + i, 1.1 + i / 1e4, sequence=i, session=2, event_time=us(i)) for i in range(1, 7)]
    assert desk.outcomes(*first) == [Drop.APPLIED] * 5
    assert desk.outcomes(*again) == [Drop.LINE_DUPLICATE] * 5 + [Drop.APPLIED]


def test_a_copy_is_recognised_up_to_the_horizon_and_not_beyond() -> None:
    for later_ms, outcome in ((HORIZON_MS, Drop.LINE_DUPLICATE), (HORIZON_MS + 0.001, Drop.APPLIED)):
        first, copy = tick(0, event_time=us(0)), tick(later_ms, event_time=us(0), line=1)
        assert Desk().outcomes(first, copy) == [Drop.APPLIED, outcome]


def test_a_new_occurrence_extends_the_horizon_and_a_copy_does_not() -> None:
    desk, same = Desk(), {"event_time": us(0)}
    assert desk.outcomes(
        tick(0, sequence=1, **same),
        tick(40_000, sequence=2, **same),  # a second occurrence: seen = 40 s
        tick(90_000, sequence=1, line=1, **same),
        tick(100_000, sequence=2, line=1, **same),
        tick(100_001, sequence=1, line=2, **same),  # forgotten: counts begin again
    ) == [Drop.APPLIED, Drop.APPLIED, Drop.LINE_DUPLICATE, Drop.LINE_DUPLICATE, Drop.APPLIED]


def test_without_event_times_the_lower_line_leads() -> None:
    leading, other = tick(0, line=0), tick(1, 1.2, 1.3, line=1)
    assert Desk().outcomes(leading, other) == [Drop.APPLIED, Drop.LINE_DUPLICATE]
    assert Desk().outcomes(other, leading) == [Drop.APPLIED, Drop.APPLIED]


def test_without_event_times_the_earlier_session_of_a_line_leads() -> None:
    assert Desk().outcomes(tick(0, session=1), tick(1, 1.2, 1.3, session=2)) == [Drop.APPLIED, Drop.LINE_DUPLICATE]
    assert Desk().outcomes(tick(0, line=0, session=9), tick(1, line=1, session=1)) == [
        Drop.APPLIED,
        Drop.LINE_DUPLICATE,
    ]


def test_a_leading_stream_that_ended_leads_no_more() -> None:
    desk = Desk()
    desk.judge(tick(0, session=1))
    desk.liveness.end("alpha", tick(0, session=1).stream)
    assert desk.outcomes(tick(1, 1.2, 1.3, session=2)) == [Drop.APPLIED]


def test_a_leading_stream_that_is_silent_for_longer_than_the_timeout_leads_no_more() -> None:
    for at_ms, outcome in ((10_000, Drop.LINE_DUPLICATE), (10_000.001, Drop.APPLIED)):
        assert Desk().outcomes(tick(0, line=0), tick(at_ms, 1.2, 1.3, line=1))[1] is outcome


def held(quarantined: bool = False, bid_size: float | None = 1.0) -> Quote:
    return Quote(1.1, 1.1002, bid_size, None, None, us(0), quarantined)


def test_the_quote_before_repeated_is_unchanged() -> None:
    assert Desk().judge(tick(1, bid_size=1.0), held()).outcome is Drop.UNCHANGED


def test_a_moved_or_vanished_size_is_a_change() -> None:
    assert Desk().judge(tick(1, bid_size=2.0), held()).outcome is Drop.APPLIED
    assert Desk().judge(tick(1), held()).outcome is Drop.APPLIED


def test_sizes_that_are_both_null_are_equal() -> None:
    assert Desk().judge(tick(1), held(bid_size=None)).outcome is Drop.UNCHANGED


def test_a_repeated_quote_in_quarantine_is_not_unchanged_for_it_is_to_be_confirmed() -> None:
    assert Desk().judge(tick(1, bid_size=1.0), held(quarantined=True)).outcome is Drop.APPLIED


def test_sequences_found_missing_are_told_even_if_the_tick_is_dropped_after() -> None:
    desk = Desk()
    desk.judge(tick(0, sequence=1, event_time=us(0)))
    desk.judge(tick(0, sequence=1, event_time=us(0), line=1))
    desk.judge(tick(1, sequence=2, event_time=us(1)))
    copy = desk.judge(tick(2, sequence=4, event_time=us(1), line=1))
    repeated = desk.judge(tick(3, sequence=5, bid_size=1.0), held())
    assert copy == Verdict(Drop.LINE_DUPLICATE, missing=2)
    assert repeated == Verdict(Drop.UNCHANGED, missing=2)

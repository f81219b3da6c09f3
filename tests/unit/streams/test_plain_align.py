"""The merge of the brokers' partitions."""

import math

from streams.kernels.plain.align import Align, in_order
from streams.kernels.plain.events import Event, UndecodableEvent
from tests.unit.streams.plain_builders import end, heartbeat, tick, us


def offsets(align: Align) -> list[tuple[str, int]]:
    return [(event.broker, event.offset) for event in align.release()]


def alpha(at_ms: float, offset: int = 0) -> Event:
    return tick(at_ms, broker="alpha", offset=offset)


def beta(at_ms: float, offset: int = 0) -> Event:
    return tick(at_ms, broker="beta", offset=offset)


def test_nothing_goes_while_a_broker_has_never_been_read() -> None:
    align = Align(["alpha", "beta"])
    align.push("alpha", [alpha(1)], at_end=True)
    assert offsets(align) == []
    assert align.safe_us() == -math.inf


def test_records_go_in_order_of_time_whichever_broker_was_read_first() -> None:
    align = Align(["alpha", "beta"])
    align.push("beta", [beta(2), beta(9, 1)])
    align.push("alpha", [alpha(1), alpha(3, 1)])
    assert offsets(align) == [("alpha", 0), ("beta", 0), ("alpha", 1)]
    assert align.safe_us() == us(3)


def test_at_one_instant_the_broker_first_by_name_goes_first() -> None:
    align = Align(["beta", "alpha"])
    align.push("beta", [beta(1)])
    align.push("alpha", [alpha(1), alpha(2, 1)])
    assert offsets(align) == [("alpha", 0), ("beta", 0)]


def test_an_empty_partition_read_up_to_an_instant_holds_back_what_may_come_after_its_next_record() -> None:
    align = Align(["alpha", "beta"])
    align.push("alpha", [alpha(5)])
    align.push("beta", [beta(5)])
    assert offsets(align) == [("alpha", 0)]  # beta's may go only when alpha can bring nothing more at 5
    align.push("alpha", [alpha(6, 1)])
    assert offsets(align) == [("beta", 0)]


def test_an_empty_partition_of_a_later_broker_does_not_hold_back_its_own_instant() -> None:
    align = Align(["alpha", "beta"])
    align.push("beta", [beta(5)])
    align.push("alpha", [alpha(4), alpha(5, 1), alpha(5, 2), alpha(6, 3)])
    assert offsets(align) == [("alpha", 0), ("alpha", 1), ("alpha", 2), ("beta", 0)]


def test_a_partition_at_its_end_with_no_open_session_holds_nothing_back() -> None:
    align = Align(["alpha", "beta"])
    align.push("beta", [beta(1), end(2, broker="beta", offset=1)], at_end=True)
    align.push("alpha", [alpha(7)], at_end=True)
    assert offsets(align) == [("beta", 0), ("beta", 1), ("alpha", 0)]
    assert align.safe_us() == us(7)


def test_a_partition_with_no_record_at_all_holds_nothing_back_once_its_end_is_known() -> None:
    align = Align(["alpha", "beta"])
    align.push("alpha", [alpha(7)])
    align.push("beta", [], at_end=True)
    assert offsets(align) == [("alpha", 0)]


def test_an_open_session_holds_the_others_back_even_at_the_end() -> None:
    align = Align(["alpha", "beta"])
    align.push("alpha", [alpha(1), end(2, session=2, offset=1)], at_end=True)
    align.push("beta", [beta(7)], at_end=True)
    assert offsets(align) == [("alpha", 0), ("alpha", 1)]
    assert align.safe_us() == us(2)


def test_when_every_session_has_ended_time_is_unbounded() -> None:
    align = Align(["alpha"])
    align.push("alpha", [alpha(1), end(2, offset=1)], at_end=True)
    assert len(offsets(align)) == 2
    assert align.safe_us() == math.inf


def test_a_time_that_goes_back_counts_as_the_greatest_seen() -> None:
    align = Align(["alpha", "beta"])
    align.push("alpha", [alpha(5), alpha(1, 1), alpha(9, 2)])
    align.push("beta", [beta(3), beta(9, 1)])
    assert offsets(align) == [("beta", 0), ("alpha", 0), ("alpha", 1), ("alpha", 2)]


def test_an_undecodable_record_keeps_its_place_and_has_the_time_of_the_one_before() -> None:
    align = Align(["alpha", "beta"])
    align.push("alpha", [alpha(5), UndecodableEvent(broker="alpha", offset=1, reason="short"), alpha(9, 2)])
    align.push("beta", [beta(7), beta(9, 1)])
    assert offsets(align)[:3] == [("alpha", 0), ("alpha", 1), ("beta", 0)]


def test_a_heartbeat_moves_the_watermark() -> None:
    align = Align(["alpha", "beta"])
    align.push("alpha", [heartbeat(0)])
    align.push("beta", [beta(0.5)])
    assert len(offsets(align)) == 1
    align.push("alpha", [heartbeat(1, offset=1)])
    assert offsets(align) == [("beta", 0)]


def test_the_reference_order_sorts_the_whole_input_at_once() -> None:
    whole = in_order({"beta": [beta(1), beta(4, 1)], "alpha": [alpha(1), alpha(5, 1), alpha(2, 2)]})
    assert [(e.broker, e.offset) for e in whole] == [
        ("alpha", 0),
        ("beta", 0),
        ("beta", 1),
        ("alpha", 1),
        ("alpha", 2),
    ]

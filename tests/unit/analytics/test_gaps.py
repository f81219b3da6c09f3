"""The gap ledger's rules, one at a time."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from analytics.sla.gaps import (
    ANSWER_US,
    KEPT_US,
    LATE_US,
    SECOND_US,
    STILL_US,
    STORE_US,
    WORK_US,
    Came,
    Facts,
    Gap,
    State,
    Verdict,
    advance,
    ask,
    commands,
    fresh,
    line_lost,
    missing,
    session_lost,
)
from analytics.sla.lines import Watch
from analytics.sla.sessions import Heard
from tierfeed.domain.commands import Action, Command, Orders, Said, Step
from tierfeed.domain.words import Line

NOW = 1_777_464_000 * SECOND_US
TIMEOUT_US = 10 * SECOND_US


def hole(first: int = 5, last: int = 6, at: int = 0, broker: str = "fxcm", symbol: str = "EURUSD", **rest: Any) -> Gap:
    begin_us = NOW + at * SECOND_US
    gap = missing(broker, Line.A, 1, symbol, first, last, begin_us, begin_us + SECOND_US)
    return replace(gap, found_us=NOW, changed_us=NOW, **rest)


def silence(**rest: Any) -> Gap:
    return replace(session_lost("fxcm", Line.A, NOW // SECOND_US), found_us=NOW, changed_us=NOW, **rest)


def facts(now_us: int = NOW, clock_us: int = NOW, orders: Orders | None = None, **rest: Any) -> Facts:
    given: dict[str, Any] = {"came": {}, "back": {}, "verdicts": {}, "timeout_us": TIMEOUT_US} | rest
    return Facts(now_us=now_us, clock_us=clock_us, orders=orders or Orders(), **given)


def told(*steps: Step, command: str = "c", ticks: int | None = None, reason: str | None = None) -> Orders:
    """What was said of a command, a second apart, from NOW on."""
    orders = Orders()
    asked = Command(id=command, action=Action.FILL_GAP, broker="fxcm", deadline_us=NOW + ANSWER_US, line=Line.A)
    for at, step in enumerate((Step.ASKED, *steps)):
        given = {"ticks": ticks, "reason": reason} if step is not Step.ASKED else {}
        assert orders.hear(Said(command=asked, step=step, time_us=NOW + at * SECOND_US, by="fxcm", **given))  # type: ignore[arg-type]
    return orders


def test_a_late_tick_may_come_for_ten_seconds() -> None:
    gap = hole()
    assert gap.to_us is not None
    assert advance(gap, facts(clock_us=gap.to_us + LATE_US - 1)) is gap
    assert advance(gap, facts(clock_us=gap.to_us + LATE_US)).state is State.CONFIRMED


def test_a_clock_that_stands_is_not_waited_for() -> None:
    assert advance(hole(), facts(now_us=NOW + STILL_US, clock_us=0)).state is State.CONFIRMED


def test_what_came_late_was_no_gap() -> None:
    gap = hole()
    assert advance(gap, facts(came={gap.id: Came(1)})).filled == 1
    done = advance(gap, facts(came={gap.id: Came(2)}))
    assert (done.state, done.filled, done.reason) == (State.FILLED, 2, "came late")


def test_a_silence_that_goes_on_is_suspected() -> None:
    gap = silence()
    assert advance(gap, facts(clock_us=NOW + 3600 * SECOND_US)) is gap


@pytest.mark.parametrize(
    ("back_s", "verdict", "state"),
    [
        (11, Verdict.LOST, State.FILLED),  # ten seconds without a beat are none too many
        (12, Verdict.LOST, State.CONFIRMED),
        (12, Verdict.PLANNED, State.FILLED),
        (12, Verdict.UNKNOWN, State.SUSPECTED),
    ],
)
def test_a_silence_is_judged_when_the_broker_is_back(back_s: int, verdict: Verdict, state: State) -> None:
    gap = silence()
    back = {gap.id: NOW // SECOND_US + back_s}
    assert back_s == 11 or advance(gap, facts(back=back, verdicts={gap.id: verdict})) is gap
    clock_us = NOW + back_s * SECOND_US + LATE_US
    found = advance(gap, facts(clock_us=clock_us, back=back, verdicts={gap.id: verdict}))
    assert (found.state, found.to_us) == (state, NOW + (back_s + 1) * SECOND_US)


@pytest.mark.parametrize(("back_s", "reason"), [(11, "came late"), (12, "another line carried on")])
def test_a_lost_line_has_lost_nothing(back_s: int, reason: str) -> None:
    gap = replace(line_lost("fxcm", Line.A, NOW // SECOND_US), found_us=NOW, changed_us=NOW)
    assert gap.id != silence().id
    assert advance(gap, facts(clock_us=NOW + 3600 * SECOND_US)) is gap
    clock_us = NOW + back_s * SECOND_US + LATE_US
    found = advance(gap, facts(clock_us=clock_us, back={gap.id: NOW // SECOND_US + back_s}))
    assert (found.state, found.expected, found.filled, found.reason) == (State.FILLED, 0, 0, reason)
    assert found.to_us == NOW + (back_s + 1) * SECOND_US
    assert ask([found], Orders(), NOW, 30) == []


@pytest.mark.parametrize(
    ("steps", "ticks", "came", "state", "filled"),
    [
        ((), None, Came(1), State.FILLING, 1),
        ((Step.ACCEPTED,), None, Came(1), State.FILLING, 1),
        ((Step.ACCEPTED,), None, Came(2), State.FILLED, 2),
        ((Step.DONE,), 2, Came(2), State.FILLED, 2),
        ((Step.DONE,), 2, Came(1), State.PARTIAL, 1),
        ((Step.DONE,), 2, Came(0), State.UNFILLABLE, 0),
        ((Step.DONE,), 0, Came(0), State.UNFILLABLE, 0),
        ((Step.DONE,), 2, Came(0, 2, 2), State.PARTIAL, None),
        ((Step.REFUSED,), None, Came(0), State.UNFILLABLE, 0),
        ((Step.ACCEPTED, Step.FAILED), None, Came(1), State.PARTIAL, 1),
    ],
)
def test_what_is_missing_is_counted_by_sequence(
    steps: tuple[Step, ...], ticks: int | None, came: Came, state: State, filled: int | None
) -> None:
    gap = hole(state=State.FILLING, command="c")
    late_us = NOW + STORE_US + 5 * SECOND_US
    found = advance(gap, facts(now_us=late_us, orders=told(*steps, ticks=ticks), came={gap.id: came}))
    assert (found.state, found.filled) == (state, filled)


@pytest.mark.parametrize(
    ("steps", "ticks", "stored", "state", "filled"),
    [
        ((Step.ACCEPTED,), None, 3, State.FILLING, None),
        ((Step.DONE,), 3, 3, State.FILLED, 3),
        ((Step.DONE,), 3, 2, State.PARTIAL, 2),
        ((Step.DONE,), 3, 0, State.UNFILLABLE, 0),
        ((Step.DONE,), 0, 0, State.UNFILLABLE, 0),
        ((Step.REFUSED,), None, 0, State.UNFILLABLE, 0),
    ],
)
def test_a_lost_session_is_counted_by_what_the_collector_tells(
    steps: tuple[Step, ...], ticks: int | None, stored: int, state: State, filled: int | None
) -> None:
    gap = silence(state=State.FILLING, command="c", to_us=NOW + 60 * SECOND_US)
    late_us = NOW + STORE_US + 5 * SECOND_US
    orders = told(*steps, ticks=ticks)
    found = advance(gap, facts(now_us=late_us, orders=orders, came={gap.id: Came(0, stored)}))
    assert (found.state, found.filled) == (state, filled)


def test_what_was_published_is_waited_for_until_it_is_stored() -> None:
    gap = hole(state=State.FILLING, command="c")
    assert advance(gap, facts(now_us=NOW + STORE_US, orders=told(Step.DONE, ticks=2))) is gap


def test_what_the_topic_keeps_no_more_is_given_up() -> None:
    for gap in (hole(state=State.CONFIRMED), silence()):
        assert advance(gap, facts(now_us=NOW + KEPT_US + 1)).state is State.UNFILLABLE


def test_a_clock_that_goes_back_does_not_undo_a_change() -> None:
    gap = replace(hole(), changed_us=NOW + 5 * SECOND_US)
    found = advance(gap, facts(now_us=NOW, clock_us=NOW + 60 * SECOND_US))
    assert found.changed_us == NOW + 5 * SECOND_US + 1


def test_a_run_of_which_a_part_came_late_is_the_gap_it_was() -> None:
    known = hole(5, 9)
    again, rest, other = hole(5, 9), hole(8, 9), hole(8, 9, symbol="USDJPY")
    assert [gap.id for gap in fresh([again, rest, other, other], [known], NOW)] == [other.id]


def test_a_broker_is_asked_for_one_span_at_a_time() -> None:
    confirmed = {"state": State.CONFIRMED}
    near = [hole(5, 6, 0, **confirmed), hole(9, 9, 4, **confirmed), hole(20, 20, 60, **confirmed)]
    elsewhere = [hole(5, 6, 2, "oanda", "USDJPY", **confirmed)]
    asked = ask([*near, *elsewhere], Orders(), NOW, 30)
    assert [gap.id for gap in asked] == [near[0].id, near[1].id, elsewhere[0].id]
    assert len({gap.command for gap in asked}) == 2
    assert ask([asked[0], asked[2], near[2]], Orders(), NOW, 30) == []
    assert ask([near[2]], told(), NOW, 30) == []  # somebody else has asked for something


def test_gaps_of_several_symbols_are_asked_for_as_all_symbols() -> None:
    confirmed = {"state": State.CONFIRMED}
    asked = ask([hole(5, 6, 0, **confirmed), hole(5, 6, 3, symbol="USDJPY", **confirmed)], Orders(), NOW, 30)
    (said,) = commands(asked, Orders(), NOW)
    command = said.command
    assert (command.symbol, command.from_us, command.to_us) == (None, NOW, NOW + 4 * SECOND_US)
    assert list(command.problems()) == []


def test_no_more_is_asked_in_a_minute_than_is_allowed() -> None:
    gaps = [hole(broker=name, state=State.CONFIRMED) for name in ("a", "b", "c")]
    assert [gap.broker for gap in ask(gaps, Orders(), NOW, 2)] == ["a", "b"]
    before = told(Step.DONE)
    assert len(ask(gaps, before, NOW + 60 * SECOND_US - 1, 2)) == 1
    assert len(ask(gaps, before, NOW + 60 * SECOND_US, 2)) == 2


@pytest.mark.parametrize(("steps", "limit_us"), [((), ANSWER_US), ((Step.ACCEPTED,), ANSWER_US + WORK_US)])
def test_what_nobody_answers_is_ended(steps: tuple[Step, ...], limit_us: int) -> None:
    gap, orders = hole(state=State.FILLING, command="c"), told(*steps)
    assert list(commands([gap], orders, NOW + limit_us)) == []
    (said,) = commands([gap], orders, NOW + limit_us + SECOND_US + 1)
    assert said.step is Step.FAILED
    assert orders.hear(said)
    assert advance(gap, facts(orders=orders)).state is State.UNFILLABLE


# -- sessions


def heard(*records: tuple[str, str, float, str | None], until_s: float | None = None) -> dict[Line, Verdict]:
    """(kind, line, second, reason)."""
    found = Heard(None if until_s is None else round(until_s * SECOND_US))
    for kind, line, second, reason in records:
        record = {"kind": kind, "line": line, "time": datetime.fromtimestamp(second, UTC), "reason": reason}
        if not found.hear(record):
            break
    return {line: silent.verdict(TIMEOUT_US) for line, silent in found.lines.items()}


def test_an_end_without_a_reason_is_planned() -> None:
    assert heard(
        ("HEARTBEAT", "A", 1, None), ("HEARTBEAT", "B", 1, None), ("HEARTBEAT", "C", 1, None),
        ("SESSION_END", "A", 1.5, None), ("SESSION_END", "B", 1.5, "stopped"),
    ) == {Line.A: Verdict.PLANNED, Line.B: Verdict.LOST, Line.C: Verdict.LOST}  # fmt: skip


def test_an_end_that_is_told_after_the_silence_makes_nothing_good() -> None:
    assert heard(("HEARTBEAT", "A", 1, None), ("SESSION_END", "A", 11.5, None)) == {Line.A: Verdict.LOST}


def test_what_comes_after_the_silence_says_nothing_of_it() -> None:
    records = (("HEARTBEAT", "A", 1.0, None), ("SESSION_START", "A", 60.0, None), ("SESSION_END", "A", 60.5, None))
    assert heard(*records, until_s=60) == {Line.A: Verdict.LOST}


def test_a_session_that_begins_again_has_not_ended() -> None:
    records = (("SESSION_END", "A", 1.0, None), ("SESSION_START", "A", 2.0, None))
    assert heard(*records) == {Line.A: Verdict.LOST}


# -- lines


def silences(*records: str, begin: int = 100, until: int | None = None) -> dict[int, int | None]:
    """Of line A, by records: "A beats 100-105", "B ends 106", "A lost 106" (an end with a reason)."""
    watch = Watch(Line.A, begin, 10, "ticks.fxcm", 0, 0, until)
    listed = []
    for record in records:
        line, does, span = record.split()
        first, _, last = span.partition("-")
        listed += [(second, line, does) for second in range(int(first), int(last or first) + 1)]
    for second, line, does in sorted(listed, key=lambda record: record[0]):
        kind = {"beats": "HEARTBEAT", "starts": "SESSION_START"}.get(does, "SESSION_END")
        reason = "no route" if does == "lost" else None
        at = datetime.fromtimestamp(second, UTC)
        if not watch.hear({"kind": kind, "line": line, "time": at, "reason": reason}):
            break
    return watch.silences


@pytest.mark.parametrize(
    ("records", "found"),
    [
        (("A beats 95-100", "B beats 95-111"), {}),  # ten seconds are none too many
        (("A beats 95-100", "B beats 95-112"), {100: None}),
        (("A beats 95-140", "B beats 95-140"), {}),  # quiet, and alive
        (("A beats 95-120", "B beats 95-140"), {120: None}),
        (("A beats 95-100", "B beats 95-140", "A starts 130"), {100: 130}),
        (("A beats 95-100", "B beats 95-160", "A starts 130", "A beats 131-132"), {100: 130, 132: None}),
        (("A beats 95-100", "A ends 101", "B beats 95-140"), {}),
        (("A ends 97", "A starts 98", "A beats 99-100", "B beats 95-140"), {100: None}),
        (("A beats 95-100", "A lost 101", "B beats 95-140"), {100: None}),
        (("A beats 95-100", "B beats 95-140", "A ends 130"), {100: 130}),  # ended when it had long been lost
        (("A beats 95-100", "B ends 101"), {}),
    ],
)  # fmt: skip
def test_a_line_is_lost_where_another_carries_on(records: tuple[str, ...], found: dict[int, int | None]) -> None:
    assert silences(*records) == found


def test_what_the_whole_broker_lost_is_no_lines_silence() -> None:
    both = ("A beats 95-100", "B beats 95-103")
    assert silences(*both, "B starts 130", "B beats 131-134", "A starts 135") == {}
    assert silences(*both, "B starts 130", "B beats 131-150", "A starts 150") == {130: 150}  # it stays away longer
    lost = ("A beats 95-100", "B beats 95-115", "B starts 140", "B beats 141-160", "A starts 150")
    assert silences(*lost) == {100: 150}  # it was lost before the others were


def test_a_line_that_ticks_again_is_back() -> None:
    assert silences("B beats 101-140", until=120) == {100: 120}
    assert silences("B beats 101-140", until=108) == {}


def test_a_beat_that_comes_late_ends_a_silence_that_was_none() -> None:
    watch = Watch(Line.A, 100, 10, "ticks.fxcm", 0, 0)
    for line, second in [*(("B", at) for at in range(101, 113)), *(("A", at) for at in range(101, 113)), ("B", 113)]:
        watch.hear({"kind": "HEARTBEAT", "line": line, "time": datetime.fromtimestamp(second, UTC), "reason": None})
    assert watch.silences == {100: 101}
    assert watch.is_due(123) is False
    assert watch.is_due(124) is True

"""How far a command is, whoever tells what twice."""

from itertools import permutations

from tierfeed.domain.commands import OF_COLLECTORS, Action, Command, Orders, Said, Step
from tierfeed.domain.words import Line


def command(name: str = "one", action: Action = Action.START_LINE, broker: str = "fxcm") -> Command:
    return Command(id=name, action=action, broker=broker, deadline_us=60, line=Line.B)


def said(step: Step, name: str = "one", action: Action = Action.START_LINE, broker: str = "fxcm") -> Said:
    return Said(command=command(name, action, broker), step=step, time_us=0, by="test")


def test_a_command_is_asked_once_and_ends_once() -> None:
    orders = Orders()
    told = [Step.ACCEPTED, Step.ASKED, Step.ASKED, Step.ACCEPTED, Step.ACCEPTED, Step.DONE, Step.FAILED, Step.ASKED]
    assert [orders.hear(said(step)) for step in told] == [False, True, False, True, False, True, False, False]
    assert orders.step("one") is Step.DONE
    assert orders.hear(said(Step.REVERTED))
    assert not any(orders.hear(said(step)) for step in Step)


def test_whatever_comes_behind_an_end_changes_nothing() -> None:
    for steps in permutations([Step.DONE, Step.REFUSED, Step.FAILED]):
        orders = Orders()
        for step in (Step.ASKED, *steps):
            orders.hear(said(step))
        assert orders.step("one") is steps[0]


def test_what_is_open_and_what_is_done_is_told_by_broker_in_the_order_asked() -> None:
    orders = Orders()
    for each in (
        said(Step.ASKED, "b"), said(Step.ASKED, "a"), said(Step.ASKED, "c", broker="oanda"),
        said(Step.ASKED, "d", Action.ADMIT_BROKER), said(Step.ACCEPTED, "b"), said(Step.ASKED, "e"),
        said(Step.DONE, "e"), said(Step.ASKED, "f"), said(Step.REFUSED, "f"),
    ):  # fmt: skip
        orders.hear(each)
    assert [each.id for each in orders.open(OF_COLLECTORS, "fxcm")] == ["b", "a"]
    assert [each.id for each in orders.open(OF_COLLECTORS)] == ["b", "a", "c"]
    assert [each.id for each in orders.done(OF_COLLECTORS, "fxcm")] == ["e"]


def test_what_a_command_lacks_is_told_at_once() -> None:
    bare = {each: Command(id="x", action=each, broker="fxcm", deadline_us=0) for each in Action}
    assert {each.name: list(command.problems()) for each, command in bare.items()} == {
        "START_LINE": ["START_LINE needs line"],
        "STOP_LINE": ["STOP_LINE needs line"],
        "START_SESSION": [],
        "STOP_SESSION": [],
        "FILL_GAP": ["FILL_GAP needs line", "FILL_GAP needs from", "FILL_GAP needs to"],
        "SWITCH_LEAD": ["SWITCH_LEAD needs tier", "SWITCH_LEAD needs symbol", "SWITCH_LEAD needs until"],
        "ADMIT_BROKER": ["ADMIT_BROKER needs tier", "ADMIT_BROKER needs until"],
    }
    gap = Command(id="x", action=Action.FILL_GAP, broker="fxcm", deadline_us=0, line=Line.A, from_us=2, to_us=1)
    assert [*gap.problems()] == ["from must not be later than to, was 2 and 1"]

"""What a stream worker takes to be in force, and what it answers."""

from dataclasses import replace
from itertools import pairwise

import pytest

from streams.membership import Order
from streams.orders import HEARD_US, KEPT_US, OVER, Duties, View
from tierfeed.domain.commands import Action, Command, Said, Step
from tierfeed.domain.partitions import partition_of
from tierfeed.domain.tiers import Tier

P = 6
BROKERS = ("alpha", "beta", "gamma")
OPEN = Tier(
    name="open", symbols=frozenset({"EURUSD", "USDJPY"}), interval_us=1, depth_hours=1, brokers=("alpha",),
    redundancy=1, record="EnterpriseQuote", emergency=("beta", "delta"),
)  # fmt: skip
PLAIN = Tier(
    name="plain", symbols=None, interval_us=1, depth_hours=1, brokers=("alpha",), redundancy=1, record="ProQuote"
)
ASKED_US, DEADLINE_US, UNTIL_US = 10_000_000, 40_000_000, 100_000_000
AHEAD_US = 7_000_000
"""Of the sessions' clock before the wall's."""


def command(action: Action = Action.ADMIT_BROKER, **fields: object) -> Command:
    given = {"broker": "beta", "tier": "open", "until_us": UNTIL_US, "deadline_us": DEADLINE_US}
    if action is Action.SWITCH_LEAD:
        given |= {"broker": "alpha", "symbol": "EURUSD"}
    return Command(id="one", action=action, **(given | fields))  # type: ignore[arg-type]


ADMIT, SWITCH = command(), command(Action.SWITCH_LEAD)


class Worker:
    """Hears steps of one command, and answers for shards with the clock it is given."""

    def __init__(self, of: Command, *steps: Step, at_us: int = ASKED_US) -> None:
        self.command, self.duties = of, Duties(BROKERS, (OPEN, PLAIN))
        for step in (Step.ASKED, *steps):
            self.hear(step, ASKED_US if step is Step.ASKED else at_us)

    def hear(self, step: Step, at_us: int = ASKED_US) -> None:
        self.duties.hear(Said(command=self.command, step=step, time_us=at_us, by="test"))

    def answer(
        self, at_us: int, *, in_force: bool = False, shards: range = range(P), symbols: list[str] | None = None
    ) -> tuple[str, str | None] | None:
        """The step and the reason."""
        self.duties.look(at_us)
        view = View(at_us, frozenset({"one"} if in_force else ()), symbols)
        told = self.duties.answers(dict.fromkeys(shards, view), P, at_us)
        for said in told:
            self.duties.hear(said)
        assert len(told) <= 1
        return (told[0].step.name, told[0].reason) if told else None

    def in_force(self, at_us: int = ASKED_US) -> list[tuple[int, int]]:
        """Since when and until when."""
        self.duties.look(at_us)
        return [(order.since_us, order.until_us) for order in self.duties.in_force(AHEAD_US, at_us)]


SINCE_US = ASKED_US + HEARD_US + AHEAD_US


@pytest.mark.parametrize("of", [ADMIT, SWITCH], ids=lambda of: of.action.name)
def test_a_command_is_accepted_then_done_once_it_is_in_force_then_reverted_each_once(of: Command) -> None:
    worker = Worker(of)
    assert worker.answer(ASKED_US) == ("ACCEPTED", None)
    assert worker.answer(ASKED_US + 1) is None
    assert worker.answer(ASKED_US + 2, in_force=True) == ("DONE", None)
    assert worker.answer(UNTIL_US, in_force=True) is None
    assert worker.answer(UNTIL_US + 1_000_000) == ("REVERTED", OVER)
    assert worker.answer(UNTIL_US + 2_000_000) is None


@pytest.mark.parametrize(("of", "home"), [(ADMIT, "beta"), (SWITCH, "EURUSD")], ids=["admit", "switch"])
def test_the_owner_of_one_shard_answers(of: Command, home: str) -> None:
    told = [p for p in range(P) if Worker(of).answer(ASKED_US, shards=range(p, p + 1)) is not None]
    assert told == [partition_of(home, P)]


def test_whoever_takes_over_answers_what_is_still_unanswered_and_nothing_again() -> None:
    assert Worker(ADMIT, Step.ACCEPTED).answer(DEADLINE_US + 1, in_force=True) == ("DONE", None)
    assert Worker(ADMIT, Step.ACCEPTED, Step.DONE).answer(DEADLINE_US + 1, in_force=True) is None
    assert Worker(ADMIT, Step.ACCEPTED).answer(UNTIL_US + 1_000_000) == ("REVERTED", OVER)
    assert Worker(ADMIT, Step.ACCEPTED, Step.DONE).answer(UNTIL_US + 1_000_000) == ("REVERTED", OVER)


REFUSED = [
    (command(tier="gold"), "there is no tier 'gold', there are open, plain"),
    (command(broker="delta"), "broker 'delta' is not known, there are alpha, beta, gamma"),
    (command(broker="alpha"), "alpha is one of tier open's own brokers"),
    (command(broker="gamma"), "tier open may not admit gamma: its contracts allow beta, delta"),
    (command(tier="plain"), "tier plain may not admit beta: its contracts allow nobody"),
    (command(tier=None), "ADMIT_BROKER needs tier"),
    (command(until_us=None), "ADMIT_BROKER needs until"),
    (command(until_us=ASKED_US), "its time was over before it began"),
    (command(deadline_us=ASKED_US - 1), "its deadline was over when it was heard"),
    (command(Action.SWITCH_LEAD, symbol=None), "SWITCH_LEAD needs symbol"),
    (command(Action.SWITCH_LEAD, symbol="GBPUSD"), "tier open does not carry 'GBPUSD'"),
    (command(Action.SWITCH_LEAD, symbol="USDJPY"), "no broker quotes USDJPY"),
    (command(Action.SWITCH_LEAD, tier="plain"), "nobody leads in tier plain: it does not have priority_routing"),
    (command(Action.SWITCH_LEAD, broker="gamma"), "gamma is none of tier open's brokers: alpha"),
]


@pytest.mark.parametrize(("of", "reason"), REFUSED, ids=[reason for _, reason in REFUSED])
def test_what_is_impossible_is_refused_in_words_and_never_in_force(of: Command, reason: str) -> None:
    worker = Worker(of)
    assert worker.answer(ASKED_US, symbols=["EURUSD"]) == ("REFUSED", reason)
    assert worker.in_force() == []


def test_a_command_holds_from_a_second_after_it_was_asked_by_the_sessions_clock_whoever_has_answered() -> None:
    for steps in ((), (Step.ACCEPTED,), (Step.ACCEPTED, Step.DONE), (Step.DONE,)):
        assert Worker(ADMIT, *steps).in_force() == [(SINCE_US, UNTIL_US)]
    worker = Worker(SWITCH, Step.ACCEPTED)
    assert worker.duties.in_force(AHEAD_US, ASKED_US) == [Order("one", "open", "alpha", "EURUSD", SINCE_US, UNTIL_US)]


def test_the_newest_order_is_the_last_one_in_whatever_order_they_are_heard() -> None:
    worker = Worker(SWITCH)
    for name, at_us in (("three", ASKED_US + 2), ("two", ASKED_US + 1)):
        other = replace(SWITCH, id=name)
        worker.duties.hear(Said(command=other, step=Step.ASKED, time_us=at_us, by="test"))
    worker.duties.look(ASKED_US)
    assert [order.id for order in worker.duties.in_force(0, ASKED_US)] == ["one", "two", "three"]


def test_who_hears_it_after_its_deadline_obeys_only_what_was_accepted() -> None:
    late_us = DEADLINE_US + 1
    assert Worker(ADMIT).in_force(late_us) == []
    assert Worker(ADMIT, Step.ACCEPTED).in_force(late_us) == [(SINCE_US, UNTIL_US)]
    in_time = Worker(ADMIT)
    in_time.in_force()
    assert in_time.in_force(late_us) == [(SINCE_US, UNTIL_US)]


@pytest.mark.parametrize("step", [Step.REVERTED, Step.FAILED])
def test_what_is_taken_back_has_held_until_then_and_is_forgotten_in_the_end(step: Step) -> None:
    worker = Worker(ADMIT, Step.ACCEPTED)
    worker.hear(step, 50_000_000)
    until_us = 50_000_000 + HEARD_US + AHEAD_US
    assert worker.in_force(51_000_000) == [(SINCE_US, until_us)]
    assert worker.in_force(50_000_001 + KEPT_US) == []
    assert worker.answer(UNTIL_US + 1_000_000) is None
    refused = Worker(ADMIT, Step.REFUSED)
    assert refused.in_force() == []


def test_a_version_is_another_one_whenever_other_orders_are_in_force_and_commands_of_others_are_passed_over() -> None:
    worker = Worker(ADMIT)
    seen = [worker.duties.version]
    for step in (Step.ASKED, Step.ACCEPTED, Step.DONE, Step.DONE, Step.REVERTED):
        worker.hear(step)
        seen.append(worker.duties.version)
    assert [after > before for before, after in pairwise(seen)] == [False, True, True, False, True]
    other = Worker(Command(id="two", action=Action.STOP_SESSION, broker="beta", deadline_us=DEADLINE_US))
    assert other.answer(ASKED_US) is None
    assert other.in_force() == []

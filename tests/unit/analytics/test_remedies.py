"""What is done about a breach: guards, time limits, verification, the way back, and nothing twice after a kill."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.sla.choices import Feed
from analytics.sla.incidents import Event, EventKind, Subject
from analytics.sla.remedies import ENDS, Remedies
from tierfeed.domain.commands import Action, Orders, Said, Step
from tierfeed.domain.objectives import Objective
from tierfeed.domain.tiers import Tier

NOON = 1_777_464_000
OWN, SPARE = ("alpha", "beta"), ("gamma", "delta")


def tier_of(record: str = "EnterpriseQuote", name: str = "gold") -> Tier:
    return Tier(
        name=name, symbols=None, interval_us=10_000, depth_hours=24, brokers=OWN, redundancy=2, record=record,
        latency_us=1000, completeness_ppm=999_000, uptime_ppm=999_000, emergency=SPARE,
    )  # fmt: skip


@dataclass
class Stage:
    """The world of a test: what it says is so, and whoever obeys answers as `answers` say."""

    now: int = NOON
    away: dict[str, str] = field(default_factory=dict)
    good: bool = False
    feeds: dict[str, int] = field(default_factory=dict)
    leading: str = "alpha"
    states: dict[str, int] = field(default_factory=dict)
    answers: dict[str, Step] = field(default_factory=dict)
    """By the end of a command's id."""
    orders: Orders = field(default_factory=Orders)
    control: list[Said] = field(default_factory=list)
    told: list[Event] = field(default_factory=list)
    remedies: Remedies = field(default_factory=lambda: Remedies({"gold": tier_of()}))

    @property
    def wall_us(self) -> int:
        return (self.now + 5) * 1_000_000

    def unable(self, tier: Tier, broker: str) -> str:
        return self.away.get(broker, "")

    def was_good(self, tier: Tier, objective: Objective, since: int) -> bool:
        return self.good and self.now - since >= 60

    def feed(self, start: int, end: int) -> Feed:
        return {(broker, "EURUSD"): p99_us for broker, p99_us in self.feeds.items()}

    def leads(self, tier: Tier) -> Mapping[str, str]:
        return {"EURUSD": self.leading}

    def gaps(self, brokers: Sequence[str], start: int, end: int) -> Mapping[str, int]:
        return self.states

    def breach(self, objective: Objective, kind: EventKind = EventKind.BREACH, began: int | None = None) -> Event:
        event = Event(kind, Subject("gold", "gold"), objective, began or self.now - 10, self.now, 0, 1, 999_000)
        self.told.append(event)
        self.remedies.hear(event)
        return event

    def pass_by(self, seconds: int = 10, *, every_s: int = 1) -> None:
        for _ in range(0, seconds, every_s):
            self.now += every_s
            self.look()

    def look(self) -> None:
        for each in self.remedies.step(self):
            if isinstance(each, Said):
                self.control.append(each)
            else:
                self.told.append(each)
        for said in list(self.control):
            answer = next((a for end, a in self.answers.items() if said.command.id.endswith(end)), None)
            if said.step is Step.ASKED and answer is not None and self.orders.step(said.command.id) is Step.ASKED:
                self._say(said, answer)

    def _say(self, said: Said, step: Step) -> None:
        answer = Said(command=said.command, step=step, time_us=self.wall_us, by="test", reason="because")
        self.control.append(answer)
        self.orders.hear(answer)

    def restart(self) -> None:
        """Killed, and started again: all it knows is what was told."""
        self.orders, self.remedies = Orders(), Remedies({"gold": tier_of()})
        for said in self.control:
            self.orders.hear(said)
        for event in self.told:
            self.remedies.hear(event)

    def steps(self) -> list[str]:
        return [event.kind.name for event in self.told]

    def asked(self) -> list[str]:
        incident = self.told[0].incident
        return [
            said.command.id.removeprefix(incident + "/") for said in self.control if said.step is Step.ASKED
        ]  # fmt: skip


def test_a_tier_that_is_down_has_a_broker_admitted_until_it_is_up() -> None:
    stage = Stage(away={"alpha": "session_lost", "beta": "mute", "gamma": "mute"}, answers={"delta": Step.DONE})
    stage.breach(Objective.UPTIME)
    stage.pass_by(30)
    assert stage.asked() == ["admit_broker/delta"]
    command = stage.control[0].command
    assert (command.tier, command.incident, command.action) == ("gold", stage.told[0].incident, Action.ADMIT_BROKER)
    assert (command.until_us or 0) - stage.control[0].time_us == 1800 * 1_000_000
    stage.good = True
    stage.pass_by(60)
    assert stage.steps() == ["BREACH", "DETECTED", "GUARDED", "ACTING", "VERIFYING", "RESOLVED"]
    assert stage.told[-1].detail == "uptime is kept again"
    assert len({event.identity for event in stage.told}) == 6


def test_what_does_not_help_is_taken_back() -> None:
    stage = Stage(away={"alpha": "mute", "beta": "mute"}, answers={"gamma": Step.DONE})
    stage.breach(Objective.UPTIME)
    stage.pass_by(150)
    assert stage.steps()[-2:] == ["VERIFYING", "REVERTED"]
    assert [said.step for said in stage.control] == [Step.ASKED, Step.DONE, Step.REVERTED]
    assert stage.told[-1].detail == "uptime was still not kept 120 s later"


def test_a_line_is_started_where_there_is_one_and_stopped_where_it_did_not_help() -> None:
    stage = Stage(away={"beta": "session_lost"}, answers={"start_line/beta/B": Step.REFUSED, "/C": Step.DONE})
    stage.breach(Objective.REDUNDANCY)
    stage.pass_by(10)
    assert stage.asked() == ["start_line/beta/B", "start_line/beta/C"]
    assert stage.steps() == ["BREACH", "DETECTED", "GUARDED", "ACTING", "ACTING", "VERIFYING"]
    stage.pass_by(240)
    assert stage.asked()[-1] == "start_line/beta/C/back"
    assert stage.control[-1].command.action is Action.STOP_LINE
    assert stage.steps()[-1] == "REVERTED"


def test_where_nobody_answers_the_next_is_asked_and_the_first_taken_back() -> None:
    stage = Stage(away={"beta": "session_lost"}, answers={"start_session/beta": Step.DONE})
    stage.breach(Objective.REDUNDANCY)
    stage.pass_by(200, every_s=5)
    lines = [f"start_line/beta/{line}" for line in "BCD"]
    assert stage.asked()[:7] == [each for line in lines for each in (line, f"{line}/back")] + ["start_session/beta"]
    assert "VERIFYING" in stage.steps()


def test_what_is_refused_by_all_is_told_to_the_operator_with_every_reason() -> None:
    stage = Stage(away={"beta": "mute"}, answers={"": Step.REFUSED})
    stage.breach(Objective.REDUNDANCY)
    stage.pass_by(20)
    assert stage.steps()[-1] == "ESCALATED"
    assert stage.told[-1].detail == (
        "start line beta B: because; start line beta C: because; start line beta D: because; "
        "start session beta: because"
    )


@pytest.mark.parametrize(
    ("objective", "away", "detail"),
    [
        (Objective.LATENCY, {}, "it is the pipeline's own latency: no broker can help"),
        (Objective.REDUNDANCY, {}, "every broker is there: what lacks is another feed"),
        (Objective.UPTIME, dict.fromkeys(SPARE, "mute"), "gamma is mute; delta is mute"),
        (Objective.COMPLETENESS, {}, "nothing is missing of the brokers: updates were not covered in time"),
    ],
)
def test_what_nothing_can_be_done_about_is_told_at_once(
    objective: Objective, away: dict[str, str], detail: str
) -> None:
    stage = Stage(away=away)
    stage.breach(objective)
    stage.look()
    assert stage.steps() == ["BREACH", "DETECTED", "ESCALATED"]
    assert stage.told[-1].detail == detail
    assert not stage.control


def test_gaps_are_filled_or_the_operator_is_told() -> None:
    for states, end in (({"filled": 3}, "RESOLVED"), ({"filled": 2, "unfillable": 1}, "ESCALATED")):
        stage = Stage(states={"filling": 3})
        stage.breach(Objective.COMPLETENESS)
        stage.pass_by(30)
        assert stage.steps()[-1] == "VERIFYING"
        stage.states = states
        stage.look()
        assert stage.steps()[-1] == end


def test_a_slow_lead_is_switched_once_and_back_where_the_other_is_no_better() -> None:
    for after, end in ((20_000, "RESOLVED"), (900_000, "REVERTED")):
        stage = Stage(feeds={"alpha": 600_000, "beta": 20_000}, answers={"beta": Step.DONE})
        stage.pass_by(5)
        assert stage.asked() == ["switch_lead/beta"]
        stage.feeds = {"alpha": 600_000, "beta": after}
        stage.pass_by(90)
        assert stage.steps() == ["DETECTED", "GUARDED", "ACTING", "VERIFYING", end]
        assert stage.told[0].symbol == stage.control[0].command.symbol == "EURUSD"


@pytest.mark.parametrize(
    "feeds", [{"alpha": 200_000, "beta": 1000}, {"alpha": 600_000, "beta": 500_000}, {"alpha": 600_000}, {}]
)
def test_a_lead_stays_where_it_is_in_time_or_nobody_is_a_fifth_quicker(feeds: dict[str, int]) -> None:
    stage = Stage(feeds=feeds)
    stage.pass_by(60)
    assert not stage.told


def test_a_tier_that_does_not_say_who_leads_has_none_to_switch() -> None:
    stage = Stage(feeds={"alpha": 600_000, "beta": 20_000}, remedies=Remedies({"gold": tier_of("ProQuote")}))
    stage.pass_by(60)
    assert not stage.told


def test_under_flapping_the_same_is_done_three_times_an_hour_at_most() -> None:
    stage = Stage(away={"beta": "mute"}, answers={"/B": Step.DONE})
    for _ in range(6):
        began = stage.now
        stage.breach(Objective.REDUNDANCY, began=began)
        stage.pass_by(70)
        stage.breach(Objective.REDUNDANCY, EventKind.RECOVERY, began=began)
        stage.pass_by(30)
    assert stage.steps().count("VERIFYING") == 3
    assert stage.steps().count("RESOLVED") == 3
    assert stage.steps().count("ESCALATED") == 3
    assert {event.detail for event in stage.told if event.kind is EventKind.ESCALATED} == {
        "done 3 times in the last hour already"
    }
    stage.pass_by(3600, every_s=60)
    stage.breach(Objective.REDUNDANCY)
    stage.pass_by(10)
    assert stage.steps()[-1] == "VERIFYING"


def test_a_breach_that_was_over_before_anybody_looked_is_left_alone() -> None:
    stage = Stage()
    began = stage.breach(Objective.REDUNDANCY).began
    stage.breach(Objective.REDUNDANCY, EventKind.RECOVERY, began=began)
    stage.pass_by(5)
    assert stage.steps() == ["BREACH", "RECOVERY"]


def test_a_tenants_breach_waits_for_what_is_done_for_its_tier() -> None:
    stage = Stage(away={"alpha": "mute", "beta": "mute"}, answers={"gamma": Step.DONE})
    stage.breach(Objective.UPTIME)
    tenant = Event(
        EventKind.BREACH, Subject("acme", "gold", frozenset()), Objective.UPTIME, stage.now, stage.now, 0, 1, 999_000
    )
    stage.look()
    stage.remedies.hear(tenant)
    stage.pass_by(10)
    assert len(stage.asked()) == 1
    stage.remedies.hear(replace(tenant, kind=EventKind.RECOVERY))
    stage.good = True
    stage.pass_by(60)
    steps = {name: [e.kind.name for e in stage.told if e.subject.name == name] for name in ("gold", "acme")}
    assert steps["gold"][-1] == "RESOLVED"
    assert steps["acme"] == ["DETECTED", "RESOLVED"]
    assert "over before anything was done" in {event.detail for event in stage.told}


OUTCOMES = st.sampled_from([None, Step.DONE, Step.REFUSED, Step.FAILED])


@given(
    st.sampled_from([*Objective]),
    st.fixed_dictionaries(dict.fromkeys(("/B", "/C", "/D", "session/beta", "gamma", "delta"), OUTCOMES)),
    st.booleans(),
    st.lists(st.integers(0, 400), max_size=6),
)
def test_whoever_is_killed_every_remedy_ends_and_nothing_is_asked_or_told_twice(
    objective: Objective, answers: dict[str, Step | None], good: bool, kills: list[int]
) -> None:
    def run(kills: frozenset[int]) -> Stage:
        stage = Stage(away={"beta": "mute"}, good=good, states={"filled": 1})
        stage.answers = {end: step for end, step in answers.items() if step is not None}
        stage.breach(objective, began=NOON - 10)
        steps = 0
        for _ in range(400):
            stage.now += 1
            for each in stage.remedies.step(stage):
                (stage.control if isinstance(each, Said) else stage.told).append(each)  # type: ignore[attr-defined]
                steps += 1
                if steps in kills:
                    stage.restart()
                    break
            stage.look()
        return stage

    stage, undisturbed = run(frozenset(kills)), run(frozenset())
    assert not stage.remedies.open
    for each in (stage, undisturbed):
        ends = [event for event in each.told if event.kind in ENDS]
        assert len(ends) == 1
        assert len({event.identity for event in each.told}) == len(each.told)
        assert len(set(each.asked())) == len(each.asked())
    assert stage.steps()[-1] == undisturbed.steps()[-1]
    assert stage.asked() == undisturbed.asked()

"""The gap ledger's laws: every gap ends, in one way; the same facts give the same rows; nothing is asked twice."""

from collections import Counter
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.sla.gaps import (
    ENDS,
    SECOND_US,
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
from tierfeed.domain.commands import Orders, Said, Step
from tierfeed.domain.words import GapCause, Line

NOON = 1_777_464_000
PER_MINUTE = 30
SILENT = {GapCause.SESSION_LOST: session_lost, GapCause.LINE_LOST: line_lost}
unhurried = settings(deadline=None, max_examples=60)


@dataclass(frozen=True)
class Fate:
    """What becomes of one gap. `answer`: what the collector says, None where it says nothing."""

    broker: str
    line: Line
    at: int
    cause: GapCause
    late: int
    """How many of its three ticks come by themselves."""
    accepted: bool
    answer: Step | None
    ticks: int
    stored: int


fates = st.lists(
    st.builds(
        Fate,
        broker=st.sampled_from(["a", "b"]),
        line=st.sampled_from([Line.A, Line.B]),
        at=st.integers(0, 300),
        cause=st.sampled_from(GapCause),
        late=st.integers(0, 3),
        accepted=st.booleans(),
        answer=st.sampled_from([None, Step.DONE, Step.REFUSED, Step.FAILED]),
        ticks=st.integers(0, 3),
        stored=st.integers(0, 3),
    ),
    max_size=8,
    unique_by=lambda fate: (fate.broker, fate.line, fate.at),
)


@dataclass
class World:
    """What outlives a ledger: the rows and the topic. `kills`: at which of its writes a ledger dies."""

    fates: list[Fate]
    kills: frozenset[int] = frozenset()
    rows: dict[str, Gap] = field(default_factory=dict)
    topic: list[Said] = field(default_factory=list)
    steps: int = 0
    written: int = 0
    history: list[Gap] = field(default_factory=list)

    def found(self) -> list[Gap]:
        return [
            missing(
                fate.broker, fate.line, 1, "EURUSD", 10 * fate.at + 1, 10 * fate.at + 3,
                (NOON + fate.at) * SECOND_US, (NOON + fate.at + 1) * SECOND_US,
            )
            if fate.cause is GapCause.MISSING
            else SILENT[fate.cause](fate.broker, fate.line, NOON + fate.at)
            for fate in self.fates
        ]  # fmt: skip

    def fate_of(self, name: str) -> Fate:
        return next(fate for fate, gap in zip(self.fates, self.found(), strict=True) if gap.id == name)

    def facts(self, now_us: int, orders: Orders) -> Facts:
        came, back = {}, {}
        for gap in self.rows.values():
            fate = self.fate_of(gap.id)
            said = orders.step(gap.command or "")
            filled = fate.stored if said is Step.DONE and fate.answer is Step.DONE else 0
            came[gap.id] = Came(min(3, max(fate.late, filled)), filled, 0)
            back[gap.id] = NOON + fate.at + 30
        verdicts = dict.fromkeys(back, Verdict.LOST)
        return Facts(now_us, now_us, orders, came, back, verdicts, 10 * SECOND_US)

    def write(self) -> bool:
        """Whether the ledger outlives what it does next."""
        self.written += 1
        return self.written not in self.kills

    def step(self, now_us: int) -> None:
        """A ledger that begins anew each time, for it has no memory of its own."""
        orders = Orders()
        for said in self.topic:
            orders.hear(said)
        for gap in fresh(self.found(), self.rows.values(), now_us):
            self.keep(gap)
        if not self.write():
            return
        facts = self.facts(now_us, orders)
        now = {name: advance(gap, facts) for name, gap in self.rows.items()}
        asked = ask([*now.values()], orders, now_us, PER_MINUTE)
        now |= {gap.id: gap for gap in asked}
        if not self.write():
            return
        for gap in now.values():
            if gap != self.rows[gap.id]:
                self.keep(gap)
        if not self.write():
            return
        for said in commands(now.values(), orders, now_us):
            self.topic.append(said)
            if not self.write():
                return

    def keep(self, gap: Gap) -> None:
        before = self.rows.get(gap.id)
        assert before is None or before.changed_us < gap.changed_us, "the newer row has to count"
        self.rows[gap.id] = gap
        self.history.append(gap)

    def answer(self, now_us: int) -> None:
        """The collectors: they know what they have said, and say it once."""
        said = {(each.command.id, each.step) for each in self.topic}
        for each in [each for each in self.topic if each.step is Step.ASKED]:
            fate = self.fate_of(each.command.id.removeprefix("fill/"))
            ended = {Step.DONE, Step.REFUSED, Step.FAILED} & {s for name, s in said if name == each.command.id}
            if ended:
                continue
            if fate.accepted and fate.answer is not Step.REFUSED and (each.command.id, Step.ACCEPTED) not in said:
                self.topic.append(Said(command=each.command, step=Step.ACCEPTED, time_us=now_us, by="c"))
            elif fate.answer is not None:
                told = Said(command=each.command, step=fate.answer, time_us=now_us, by="c", ticks=fate.ticks)
                self.topic.append(told)


def played(world: World) -> World:
    now_us = (NOON + 400) * SECOND_US
    for _ in range(250):
        world.step(now_us)
        world.answer(now_us)
        now_us += 100 * SECOND_US
        if len(world.rows) == len(world.fates) and all(gap.is_over for gap in world.rows.values()):
            break
    return world


@unhurried
@given(fates, st.frozensets(st.integers(1, 60)))
def test_every_gap_ends_once_whenever_the_ledger_dies(listed: list[Fate], kills: frozenset[int]) -> None:
    world = played(World(listed, kills))
    assert {gap.state for gap in world.rows.values()} <= ENDS
    assert len(world.rows) == len(listed)
    ends = Counter(gap.id for gap in world.history if gap.is_over)
    assert set(ends.values()) <= {1}
    order = [*State]
    for name in world.rows:
        states = [order.index(gap.state) for gap in world.history if gap.id == name]
        assert states == sorted(states)


@unhurried
@given(fates, st.frozensets(st.integers(1, 60)))
def test_nothing_is_asked_twice_and_one_thing_of_a_broker_at_a_time(listed: list[Fate], kills: frozenset[int]) -> None:
    world = played(World(listed, kills))
    asked = Counter(said.command.id for said in world.topic if said.step is Step.ASKED)
    assert set(asked.values()) <= {1}
    open_of: dict[str, set[str]] = {}
    for said in world.topic:
        mine = open_of.setdefault(said.command.broker, set())
        if said.step is Step.ASKED:
            mine.add(said.command.id)
        elif said.step is not Step.ACCEPTED:
            mine.discard(said.command.id)
        assert len(mine) <= 1
    assert {gap.command for gap in world.rows.values()} - {None} == set(asked)


@unhurried
@given(fates)
def test_the_same_facts_give_the_same_rows(listed: list[Fate]) -> None:
    assert played(World(listed)).rows == played(World(listed)).rows
    again = World(listed)
    again.fates = listed[::-1]
    assert played(again).rows == played(World(listed)).rows


@unhurried
@given(fates)
def test_a_gap_counts_no_more_than_was_lost(listed: list[Fate]) -> None:
    for gap in played(World(listed)).rows.values():
        if gap.expected is not None and gap.filled is not None:
            assert 0 <= gap.filled <= gap.expected
            assert (gap.state is State.FILLED) == (gap.filled == gap.expected)

"""Remedies on real Kafka and ClickHouse: asked once, answered, verified by what is stored, whoever dies."""

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from analytics.sla.commands import Commands
from analytics.sla.incidents import Event
from analytics.sla.log import EventLog, read
from analytics.sla.remedy import Facts, Remedy
from infra import clickhouse
from infra.control import Control
from infra.kafka import admin, apply, plan_topics
from infra.principals import ALONE
from schemas import topics
from tests.integration.test_sla_judge import BEGIN, NEVER_STALLED, World, world
from tierfeed.domain.commands import Action, Command, Orders, Said, Step
from tierfeed.domain.objectives import Objective
from tierfeed.domain.tenants import Registered
from tierfeed.errors import UpstreamError

__all__ = ["world"]

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse]


class Desk:
    """A judge and its remedies, started anew at every turn, and a collector that answers."""

    def __init__(self, world: World) -> None:
        self.world, self.kafka = world, world.settings.kafka
        control = topics.PATTERNS["control"].topic(1)
        if control.name not in admin(self.kafka).list_topics(timeout=10).topics:
            apply(plan_topics({control.name: control}, {}), admin(self.kafka))
        self.control = Control(self.kafka, "desk")
        self.said: list[Said] = []

    def turn(self) -> None:
        """One life of the judge's process. It may die."""
        commands = Commands(Control(self.kafka, ALONE["sla"]))
        judge = self.world.judge(commands.admitted)
        try:
            remedy = Remedy(judge, commands, self.world.registered.tiers)
            remedy.step(judge.step(NEVER_STALLED))
        finally:
            judge.close()
            commands.close()

    def asked(self) -> list[str]:
        mine = [said for said in self.control.poll(0.5) if str(said.command.incident).startswith(self.world.word)]
        self.said += mine
        return [said.command.id.split("Z/")[1] for said in self.said if said.step is Step.ASKED]

    def answer(self, end: str, step: Step) -> None:
        said = next(each for each in self.said if each.command.id.endswith(end))
        self.control.tell(
            Said(command=said.command, step=step, time_us=said.time_us + 1_000_000, by="test", reason="because")
        )

    def steps(self) -> list[str]:
        records = [record for record in read(self.kafka) if record["subject"] == self.world.word]
        assert len({record["identity"] for record in records}) == len(records)
        return [record["kind"] for record in records]


@pytest.fixture
def desk(world: World) -> Iterator[Desk]:
    desk = Desk(world)
    yield desk
    desk.control.close()


def lost(world: World, until: int) -> None:
    """Beta is away from 300 s after BEGIN on."""
    world.store(range(420))
    world.store(range(420, 120 + until), ["alpha"])


def test_a_symbol_that_nobody_quotes_says_nothing_of_a_broker(desk: Desk) -> None:
    tier = replace(desk.world.tier, symbols=frozenset({"EURUSD", "GBPUSD"}))
    desk.world.tier, desk.world.registered = tier, Registered({}, {tier.name: tier})
    lost(desk.world, 400)
    judge = desk.world.judge()
    judge.step(NEVER_STALLED)
    facts = Facts(judge, Orders())
    assert [facts.unable(tier, broker) for broker in ("alpha", "beta", "gamma")] == ["", "session_lost", "session_lost"]
    judge.close()


def test_the_facts_are_those_that_are_stored(desk: Desk) -> None:
    world = desk.world
    world.store(range(720))
    client = clickhouse.client(world.settings.clickhouse)
    stored, at = datetime.now(UTC), [datetime.fromtimestamp(BEGIN + second, UTC) for second in range(600)]
    windows = [("alpha", "EURUSD", each, 1, 0, 1, 20_000, 900_000, stored) for each in at]
    windows += [("beta", "EURUSD", each, 1, 0, 1, 20_000, 30_000, stored) for each in at]
    columns = (
        "broker", "symbol", "window_start", "ticks", "backfilled", "heartbeats", "latency_p50_us", "latency_p99_us",
        "stored_at",
    )  # fmt: skip
    client.insert("quality_windows", windows, column_names=columns)
    judge = world.judge()
    judge.step(NEVER_STALLED)
    now = judge.done or 0
    leads = [
        (
            world.word,
            "EURUSD",
            datetime.fromtimestamp(now + second, UTC),
            lead,
            datetime.fromtimestamp(since, UTC),
            stored,
        )
        for second, lead, since in ((-9, "alpha", BEGIN), (-2, "beta", now - 4), (1, "alpha", now))
    ]
    client.insert(
        "tier_quotes",
        leads,
        column_names=("tier", "symbol", "published_time", "lead_broker", "lead_since", "stored_at"),
    )
    begins = datetime.fromtimestamp(now - 30, UTC)
    gap = ("g", "alpha", "A", begins, None, "session_lost", "suspected", "", begins, begins)
    columns = (
        "gap", "broker", "line", "from_time", "to_time", "cause", "state", "reason", "found_at", "changed_at",
    )  # fmt: skip
    client.insert("gaps", [gap], column_names=columns)
    client.close()
    facts = Facts(judge, Orders())
    assert facts.feed(now - 10, now) == {("alpha", "EURUSD"): 880_000, ("beta", "EURUSD"): 10_000}
    assert facts.leads(world.tier) == {"EURUSD": "beta"}
    assert facts.gaps(("alpha", "beta"), now - 60, now) == {"suspected": 1}
    assert facts.gaps(("beta",), now - 60, now) == {}
    for objective in (Objective.UPTIME, Objective.REDUNDANCY):
        assert facts.was_good(world.tier, objective, now - 200)
        assert not facts.was_good(world.tier, objective, now - 30)
    judge.close()


def test_a_tier_whose_broker_is_away_is_up_while_another_is_admitted(desk: Desk) -> None:
    """And not before it is done, nor once it is taken back."""
    world = desk.world
    world.tier = replace(world.tier, brokers=("beta",), redundancy=1, emergency=("alpha",))
    world.registered = Registered({}, {world.word: world.tier})
    world.store(range(240))
    world.store(range(240, 900), ["alpha"])
    begin_us = BEGIN * 1_000_000
    commands = Commands(Control(desk.kafka, ALONE["sla"]))
    command = Command(
        id=f"{world.word}/x", action=Action.ADMIT_BROKER, broker="alpha", tier=world.word,
        deadline_us=0, until_us=begin_us + 10**9,
    )  # fmt: skip
    for step, second in ((Step.ASKED, 150), (Step.DONE, 200), (Step.REVERTED, 400)):
        commands.orders.hear(Said(command=command, step=step, time_us=begin_us + second * 1_000_000, by="test"))
    judge = world.judge(commands.admitted)
    judge.step(NEVER_STALLED)
    away = {second for second in world.bad("uptime") if second < 700}
    assert away == {*range(120, 200, 10), *range(400, 700, 10)}
    judge.close()
    commands.close()


def test_a_lost_broker_gets_another_line_and_that_is_verified(desk: Desk) -> None:
    lost(desk.world, 400)
    desk.turn()
    assert desk.asked() == ["start_line/beta/B"]
    desk.answer("/B", Step.REFUSED)
    desk.turn()
    assert desk.asked() == ["start_line/beta/B", "start_line/beta/C"]
    desk.answer("/C", Step.DONE)
    desk.turn()
    assert desk.steps() == ["BREACH", "DETECTED", "GUARDED", "ACTING", "ACTING", "VERIFYING"]
    desk.world.store(range(520, 720))
    desk.turn()
    desk.turn()
    assert sorted(desk.steps()[6:]) == ["RECOVERY", "RESOLVED"]
    assert desk.asked() == ["start_line/beta/B", "start_line/beta/C"]
    resolved = next(
        record for record in read(desk.kafka) if record["kind"] == "RESOLVED" and record["tier"] == desk.world.word
    )
    assert (resolved["action"], resolved["detail"]) == ("START_LINE", "redundancy is kept again")
    assert resolved["began_time"].timestamp() == BEGIN + 300


def test_one_that_dies_behind_each_of_its_writes_asks_and_tells_everything_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost(desk.world, 400)
    tell, ask = EventLog.tell, Commands.tell

    def tells(log: EventLog, events: Iterable[Event]) -> list[Event]:
        if told := tell(log, events):
            raise UpstreamError("killed behind what it told")
        return told

    def asks(commands: Commands, said: Said) -> None:
        ask(commands, said)
        raise UpstreamError("killed behind what it asked")

    monkeypatch.setattr(EventLog, "tell", tells)
    monkeypatch.setattr(Commands, "tell", asks)
    for answer in (None, ("/B", Step.REFUSED), ("/C", Step.REFUSED), ("/D", Step.REFUSED), ("/beta", Step.FAILED)):
        if answer is not None:
            desk.answer(*answer)
        for _ in range(7):
            with contextlib.suppress(UpstreamError):
                desk.turn()
        desk.asked()
    assert desk.asked() == [f"start_line/beta/{line}" for line in "BCD"] + ["start_session/beta"]
    assert desk.steps() == ["BREACH", "DETECTED", "GUARDED", *["ACTING"] * 4, "ESCALATED"]

"""Commands to a broker's collector on a real Kafka cluster: obeyed once and answered, whoever is killed in between."""

import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.control import Control
from infra.kafka import admin, apply, plan_topics
from schemas import topics
from tests.builders import eventually
from tests.integration.collectors_cluster import PARTITIONS, Child, Cluster, tape_of
from tierfeed.domain.commands import Action, Command, Orders, Said, Step
from tierfeed.domain.words import Flag, Line
from tierfeed.settings import KafkaSettings

pytestmark = pytest.mark.kafka

TORN: dict[str, object] = {
    "profile": {"lines": {"A": {"skipped": 0.05}, "B": {"standby": True}, "C": {"standby": True}}},
    "seed": 4,
}


class Desk:
    """A collector in a process of its own, and whoever asks it for something."""

    def __init__(self, kafka: KafkaSettings, unique: str, folder: Path) -> None:
        self.cluster = Cluster(kafka, unique)
        self.broker = self.cluster.broker()
        self.cluster.settings = self.cluster.settings.model_copy(update={"broker_connections": {self.broker: 2}})
        self.tape = tape_of(folder, self.broker, seconds=120, every_ms=50, simulate=TORN)
        control = topics.PATTERNS["control"].topic(PARTITIONS)
        if control.name not in admin(kafka).list_topics(timeout=10).topics:
            apply(plan_topics({control.name: control}, {}), admin(kafka))
        self.control = Control(kafka, "desk", self.broker)
        self.began_us = int(time.time()) * 1_000_000
        self.orders, self.told = Orders(), list[Said]()

    def started(self) -> Child:
        return Child(self.cluster, self.tape, self.broker, f"@{self.began_us}")

    def ask(self, name: str, action: Action, **what: Any) -> None:
        now_us = time.time_ns() // 1000
        command = Command(id=name, action=action, broker=self.broker, **{"deadline_us": now_us + 60_000_000} | what)
        self.control.tell(Said(command=command, step=Step.ASKED, time_us=now_us, by="test"))

    def hear(self) -> None:
        for said in self.control.poll(0.1):
            self.told.append(said)
            self.orders.hear(said)

    def ended(self, name: str) -> Said:
        """The end of a command."""

        def end() -> Said | None:
            self.hear()
            last = self.orders.last.get(name)
            return last if last is not None and last.step not in (Step.ASKED, Step.ACCEPTED) else None

        return eventually(end, 60)

    def steps(self, name: str) -> list[str]:
        return [said.step.name for said in self.told if said.command.id == name]

    def ticks(self, line: Line = Line.A, *, backfilled: bool | None = None) -> list[dict[str, Any]]:
        found = [dict(tick) for tick in self.cluster.ticks(self.broker) if tick["line"] == line.name]
        return [each for each in found if backfilled in (None, bool(int(str(each["flags"])) & Flag.BACKFILLED))]

    def sessions(self, line: Line) -> list[tuple[str, str | None]]:
        told = self.cluster.records(self.broker)[0]
        records = [record for name, record in told if name == "SessionRecord" and record["line"] == line.name]
        return [(str(each["kind"]), each["reason"]) for each in records if each["kind"] != "HEARTBEAT"]  # type: ignore[misc]

    def lacking(self) -> dict[tuple[Any, ...], set[int]]:
        """By stream and symbol, the sequences of line A that are not there."""
        found: dict[tuple[Any, ...], set[int]] = {}
        for tick in self.ticks():
            if tick["session"] > 0:
                found.setdefault((tick["session"], tick["symbol"]), set()).add(tick["sequence"])
        return {of: set(range(1, max(there))) - there for of, there in found.items()}


@pytest.fixture
def desk(kafka: KafkaSettings, unique: str, tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(kafka, unique, tmp_path)
    yield desk
    desk.control.close()


def _us(tick: dict[str, Any]) -> int:
    return round(tick["received_time"].timestamp() * 1_000_000)


def test_a_second_line_begins_ends_and_is_as_it_was_left_after_a_kill(desk: Desk) -> None:
    with desk.started() as child:
        eventually(lambda: desk.cluster.stored(desk.broker) > 50, 60)
        desk.ask("b", Action.START_LINE, line=Line.B)
        assert desk.ended("b").step is Step.DONE
        assert (desk.ended("b").by, desk.ended("b").reason) == (f"collector {desk.broker}", "open lines: A, B")
        eventually(lambda: len(desk.ticks(Line.B)) > 50, 60)
        sequences = [tick["sequence"] for tick in desk.ticks(Line.B) if tick["symbol"] == "EURUSD"]
        assert sequences == list(range(1, len(sequences) + 1))
        desk.ask("b again", Action.START_LINE, line=Line.B)
        desk.ask("all", Action.START_SESSION)
        assert [desk.ended(name).reason for name in ("b again", "all")] == ["open already: B", "open already: A"]
        desk.ask("c", Action.START_LINE, line=Line.C)
        desk.ask("d", Action.START_LINE, line=Line.D)
        desk.ask("late", Action.STOP_LINE, line=Line.A, deadline_us=1)
        refused = {name: desk.ended(name) for name in ("c", "d", "late")}
        assert {said.step for said in refused.values()} == {Step.REFUSED}
        assert refused["c"].reason == f"broker {desk.broker} allows 2 sessions at once, there would be 3"
        assert refused["d"].reason == f"broker {desk.broker} has no line D; it has A, B, C"
        assert str(refused["late"].reason).startswith("was to begin ")
        child.end(signal.SIGKILL)
    with desk.started() as child:
        eventually(lambda: len(desk.sessions(Line.B)) >= 2, 60)
        desk.ask("stop", Action.STOP_SESSION)
        assert desk.ended("stop").reason == "open lines: none"
        eventually(lambda: desk.sessions(Line.A)[-1] == desk.sessions(Line.B)[-1] == ("SESSION_END", None), 60)
        before = desk.cluster.stored(desk.broker)
        time.sleep(1.5)
        assert desk.cluster.stored(desk.broker) == before
        child.end(signal.SIGKILL)
    with desk.started() as child:
        desk.ask("again", Action.START_SESSION)
        assert desk.ended("again").reason == "open lines: A"
        eventually(lambda: desk.cluster.stored(desk.broker) > before + 50, 60)
        assert child.end(signal.SIGTERM) == 0
    assert desk.sessions(Line.A)[-2:] == [("SESSION_START", None), ("SESSION_END", "stopped")]
    assert len(desk.sessions(Line.B)) == 3
    for name in ("b", "stop", "again"):
        assert desk.steps(name) == ["ASKED", "ACCEPTED", "DONE"]


def test_gaps_are_filled_once_from_the_history_whoever_is_killed(desk: Desk) -> None:
    seed = random.SystemRandom().randrange(10**6)
    chance, kills, asked = random.Random(seed), 0, 0
    while kills < 4:
        with desk.started() as child:
            before = desk.cluster.stored(desk.broker)
            eventually(lambda before=before: desk.cluster.stored(desk.broker) > before + 60, 60)
            live = desk.ticks(backfilled=False)
            desk.ask(f"fill-{asked}", Action.FILL_GAP, line=Line.A, from_us=_us(live[0]), to_us=_us(live[-1]))
            asked += 1
            time.sleep(chance.uniform(0, 0.5))
            kills += child.end(signal.SIGKILL) == -signal.SIGKILL
    with desk.started() as child:
        before = desk.cluster.stored(desk.broker)
        eventually(lambda: desk.cluster.stored(desk.broker) > before + 150, 60)
        live = max(map(_us, desk.ticks(backfilled=False)))
        desk.ask("last", Action.FILL_GAP, line=Line.A, from_us=1, to_us=live)
        ends = {name: desk.ended(name) for name in [*(f"fill-{at}" for at in range(asked)), "last"]}
        assert child.end(signal.SIGTERM) == 0
    assert {said.step for said in ends.values()} == {Step.DONE}, f"seed {seed}"
    for name in ends:
        assert [step for step in desk.steps(name) if step != "ACCEPTED"] == ["ASKED", "DONE"], f"seed {seed}"
    filled = desk.ticks(backfilled=True)
    assert filled, [(said.step, said.reason) for said in ends.values()]
    # Between the first and the last that came of each session and symbol nothing is missing any more.
    covered = _covered(desk, live)
    assert not [of for of, gone in desk.lacking().items() if {at for at in gone if at <= covered[of]}], seed
    contents = Counter((tick["symbol"], tick["event_time"], tick["bid"]) for tick in desk.ticks())
    assert max(contents.values()) == 1, f"seed {seed}"
    # In time, a tick filled in is never ahead of those that come in their turn.
    for told in desk.cluster.records(desk.broker).values():
        times = [_us(record) for name, record in told if name == "Tick"]  # type: ignore[arg-type]
        assert times == sorted(times), f"seed {seed}"


def _covered(desk: Desk, until_us: int) -> Counter[tuple[Any, ...]]:
    """The last sequence of each session and symbol that came by then."""
    found: Counter[tuple[Any, ...]] = Counter()
    for tick in desk.ticks(backfilled=False):
        if _us(tick) <= until_us:
            of = tick["session"], tick["symbol"]
            found[of] = max(found[of], tick["sequence"])
    return found

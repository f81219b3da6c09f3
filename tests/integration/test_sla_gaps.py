"""The gap ledger on real Kafka and ClickHouse: what it finds, what it asks for, and what becomes of it."""

import json
import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from analytics.sla.commands import Commands
from analytics.sla.gaps import ANSWER_US, Gap, State
from analytics.sla.ledger import GapLedger
from infra import clickhouse
from infra.control import Control
from infra.kafka import producer
from infra.principals import ALONE
from schemas import topics
from tests.builders import eventually
from tests.command_line import CommandLine
from tests.sink_data import session_record, tick
from tests.sink_parts import PARTITIONS, deployment
from tierfeed.domain.commands import Command, Said, Step
from tierfeed.domain.words import Line
from tierfeed.settings import ClickHouseSettings, KafkaSettings, Settings, SlaSettings

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse]

NOON = 1_777_464_000
"""Wednesday 2026-04-29 12:00 UTC."""
FRIDAY = 1_777_669_200 - 3600
"""2026-05-01 20:00 UTC, an hour before the week's end."""
SECOND_US = 1_000_000
TICK_COLUMNS = (
    "broker", "symbol", "bid", "ask", "event_time", "received_time", "line", "session", "sequence", "flags", "topic",
    "topic_id", "partition", "offset", "append_time", "stored_at",
)  # fmt: skip


class World:
    """A broker's topic and its rows; the test is its collector."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.broker = settings.brokers[0]
        self.topic = topics.ticks(self.broker)
        self._client = clickhouse.client(settings.clickhouse)
        self._producer = producer(settings.kafka)
        self._topic_id = uuid.uuid4()
        self._offset = 0
        self.control = Control(settings.kafka, ALONE["collectors"])
        self.read: list[Commands] = []

    def ledger(self) -> GapLedger:
        """One that has read `control` anew."""
        self.read.append(Commands(Control(self.settings.kafka, ALONE["sla"])))
        return GapLedger(self.settings, self.read[-1])

    def play(
        self, seconds: Iterable[int], begin: int = NOON, *, session: int = 1, lost: Iterable[int] = (),
        lines: str = "AB", quiet: str = "",
    ) -> None:  # fmt: skip
        """A tick and a beat each second, of line A and B; sequences of line A count from the first second on.

        `lost`: seconds whose tick of line A does not come. `quiet`: lines that beat only.
        """
        listed, lost = [*seconds], frozenset(lost)
        rows, windows, now = [], [], datetime.now(UTC)
        for at, second in enumerate(listed):
            us = (begin + second) * SECOND_US
            for line in lines:
                of = session + (line == "B")
                self.tell("HEARTBEAT", us, line, of)
                if line in quiet or (line == "A" and second in lost):
                    continue
                rows.append(self._tick(us, line, of, at + 1))
            windows.append((self.broker, "EURUSD", _at(us), 2, 0, 2, now))
        self._insert("ticks", rows, TICK_COLUMNS)
        columns = ("broker", "symbol", "window_start", "ticks", "backfilled", "heartbeats", "stored_at")
        self._insert("quality_windows", windows, columns)
        self._producer.flush(10)

    def fill(self, line: str, sequences: Iterable[int], session: int, event_us: int) -> None:
        """What the collector publishes and the sink stores, flagged."""
        now_us = int(datetime.now(UTC).timestamp() * 1e6)
        rows = [self._tick(now_us, line, session, sequence, 4, event_us) for sequence in sequences]
        self._insert("ticks", rows, TICK_COLUMNS)
        self._producer.flush(10)

    def tell(self, kind: str, us: int, line: str = "A", session: int = 1, reason: str | None = None) -> None:
        value = session_record(kind=kind, broker=self.broker, line=line, session=session, time=us, reason=reason)
        for partition in range(PARTITIONS):
            self._producer.produce(self.topic, value, partition=partition, headers=[("kind", b"SessionRecord")])
        self._offset += 1

    def _tick(self, us: int, line: str, session: int, sequence: int, flags: int = 0, event_us: int = 0) -> Any:
        fields = {"broker": self.broker, "line": line, "session": session, "sequence": sequence, "flags": flags}
        value = tick(received_time=us, event_time=event_us or us, **fields)
        for partition in range(PARTITIONS):
            self._producer.produce(self.topic, value, partition=partition)
        now, offset = datetime.now(UTC), self._offset
        self._offset += 1
        return (
            self.broker, "EURUSD", 1.1, 1.2, _at(event_us or us), _at(us), line, session, sequence, flags, self.topic,
            self._topic_id, 0, offset, now, now,
        )  # fmt: skip

    def _insert(self, table: str, rows: list[Any], columns: tuple[str, ...]) -> None:
        if rows:
            self._client.insert(table, rows, column_names=columns)

    def said(self) -> list[tuple[str, str]]:
        """Every step on the topic that is of this broker."""
        reader = Control(self.settings.kafka, ALONE["collectors"])
        found = [said for said in reader.read_all() if said.command.broker == self.broker]
        reader.close()
        return [(said.command.id.rpartition("/")[2], said.step.name) for said in found]

    def asked(self) -> Command:
        """The next command that somebody asks for."""

        def found() -> list[Said]:
            heard = self.control.poll(0.1)
            return [said for said in heard if said.command.broker == self.broker and said.step is Step.ASKED]

        return eventually(found, 20)[0].command

    def answer(self, command: Command, step: Step, ticks: int | None = None, reason: str | None = None) -> None:
        now_us = int(datetime.now(UTC).timestamp() * 1e6)
        self.control.tell(Said(command=command, step=step, time_us=now_us, by=self.broker, ticks=ticks, reason=reason))

    def gaps(self) -> dict[str, tuple[str, int | None, int | None, str]]:
        """By the end of its id: state, expected, filled, reason."""
        rows = self._client.query("SELECT gap, state, expected, filled, reason FROM gaps FINAL").result_rows
        return {row[0].partition("/")[2]: tuple(row[1:]) for row in rows}

    def spans(self) -> list[tuple[datetime, datetime]]:
        rows = self._client.query("SELECT from_time, to_time FROM gaps FINAL ORDER BY from_time").result_rows
        return [(row[0].replace(tzinfo=UTC), row[1].replace(tzinfo=UTC)) for row in rows]


def _at(us: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)


def now_s(later_s: float = 0) -> float:
    return datetime.now(UTC).timestamp() + later_s


def stepped(ledger: GapLedger, world: World, gap: str, state: State, later_s: float = 0) -> None:
    """Step until a gap is in a state: what was told on the topic takes a moment to be read."""

    def reached() -> bool:
        ledger.step(now_s(later_s))
        return world.gaps()[gap][0] == state

    eventually(reached, 20)


@pytest.fixture
def world(kafka: KafkaSettings, database: ClickHouseSettings, tmp_path: Path) -> Iterator[World]:
    world = World(deployment(f"w{uuid.uuid4().hex[:8]}", tmp_path, kafka, database))
    yield world
    for commands in world.read:
        commands.close()
    world.control.close()


def test_what_is_missing_is_asked_for_and_filled(world: World) -> None:
    world.play(range(60), lost=(20, 21))
    ledger = world.ledger()
    ledger.step(now_s())
    assert world.gaps() == {"A/EURUSD/1/21": ("filling", 2, 0, "")}
    command = world.asked()
    assert (command.broker, command.symbol, command.line) == (world.broker, "EURUSD", Line.A)
    assert (command.from_us, command.to_us) == ((NOON + 19) * SECOND_US, (NOON + 22) * SECOND_US)
    world.answer(command, Step.ACCEPTED)
    world.fill("A", (21, 22), 1, (NOON + 20) * SECOND_US)
    world.answer(command, Step.DONE, ticks=2)
    stepped(ledger, world, "A/EURUSD/1/21", State.FILLED)
    assert world.gaps() == {"A/EURUSD/1/21": ("filled", 2, 2, "")}
    assert ledger.step(now_s()) == []
    ledger.close()
    assert world.said() == [("21", "ASKED"), ("21", "ACCEPTED"), ("21", "DONE")]


def test_a_young_hole_is_suspected_and_what_comes_late_was_none(world: World) -> None:
    world.play(range(25), lost=(20, 22))
    ledger = world.ledger()
    ledger.step(now_s())
    assert {state for state, *_ in world.gaps().values()} == {"suspected"}
    world._insert("ticks", [world._tick((NOON + 26) * SECOND_US, "A", 1, 21)], TICK_COLUMNS)
    world.play(range(27, 60), session=5)
    ledger.step(now_s())
    assert world.gaps()["A/EURUSD/1/21"] == ("filled", 1, 1, "came late")
    assert world.gaps()["A/EURUSD/1/23"][0] == "filling"
    ledger.close()


def test_a_refusal_is_unfillable_and_so_is_silence(world: World) -> None:
    world.play(range(60), lost=(20,))
    ledger = world.ledger()
    ledger.step(now_s())
    world.answer(world.asked(), Step.REFUSED, reason="keeps no history")
    stepped(ledger, world, "A/EURUSD/1/21", State.UNFILLABLE)
    assert world.gaps()["A/EURUSD/1/21"] == ("unfillable", 1, 0, "keeps no history")
    world.play(range(60, 120), session=11, lost=(80,))
    ledger.step(now_s())
    world.asked()
    later_s = ANSWER_US / SECOND_US + 5
    stepped(ledger, world, "A/EURUSD/11/21", State.UNFILLABLE, later_s)
    assert world.gaps()["A/EURUSD/11/21"][3] == "no answer from the broker's collector in time"
    ledger.close()
    assert world.said()[-2:] == [("21", "ASKED"), ("21", "FAILED")]


def test_a_lost_session_is_filled_line_by_line_once_it_is_back(world: World) -> None:
    world.play(range(30))
    other = world.settings.brokers[1]
    at = [(other, "", _at((NOON + second) * SECOND_US), 0, 0, 1, datetime.now(UTC)) for second in range(60)]
    columns = ("broker", "symbol", "window_start", "ticks", "backfilled", "heartbeats", "stored_at")
    world._insert("quality_windows", at, columns)
    ledger = world.ledger()
    ledger.step(now_s())
    lost = "20260429T120029Z"
    assert {name: gap[0] for name, gap in world.gaps().items()} == {f"A/{lost}": "suspected", f"B/{lost}": "suspected"}
    world.play(range(70, 90), session=70)
    ledger.step(now_s())
    assert {gap[0] for gap in world.gaps().values()} == {"filling", "confirmed"}  # one at a time
    command = world.asked()
    assert (command.symbol, command.from_us, command.to_us) == (None, (NOON + 24) * SECOND_US, (NOON + 71) * SECOND_US)
    world.fill("A", range(1, 4), -7, (NOON + 40) * SECOND_US)
    world.answer(command, Step.DONE, ticks=3)
    stepped(ledger, world, f"A/{lost}", State.FILLED)
    assert world.gaps()[f"A/{lost}"] == ("filled", 3, 3, "")
    command = world.asked()
    assert command.line is Line.B
    world.answer(command, Step.DONE, ticks=0)
    stepped(ledger, world, f"B/{lost}", State.UNFILLABLE)
    ledger.close()


def test_what_was_planned_is_no_gap(world: World) -> None:
    world.play(range(30))
    for line, session in (("A", 1), ("B", 2)):
        world.tell("SESSION_END", (NOON + 30) * SECOND_US, line, session)
    world.play(range(90, 120), session=90)
    world.play(range(30), FRIDAY + 3572, session=200)
    world.play(range(30), FRIDAY + 3600 + 48 * 3600 + 3, session=300)
    ledger = world.ledger()
    ledger.step(now_s())
    # Between the two days nothing beat, and nothing had ended: only that is a gap.
    assert set(world.gaps()) == {"A/20260429T120159Z", "B/20260429T120159Z"}
    ledger.close()


def test_an_end_with_a_reason_is_a_gap(world: World) -> None:
    world.play(range(30))
    for line, session, reason in (("A", 1, "lost: no route"), ("B", 2, None)):
        world.tell("SESSION_END", (NOON + 30) * SECOND_US, line, session, reason)
    world.play(range(90, 120), session=90)
    ledger = world.ledger()
    ledger.step(now_s())
    assert set(world.gaps()) == {"A/20260429T120029Z"}
    ledger.close()


def test_a_line_that_is_lost_while_another_carries_on_has_lost_nothing(world: World) -> None:
    world.play(range(30))
    world.play(range(30, 60), session=11, quiet="A")
    world.play(range(60, 90), session=21, lines="B")
    ledger = world.ledger()
    ledger.step(now_s())
    lost = "A/line/20260429T120059Z"  # it was quiet from 12:00:29 on, and beat until then
    assert world.gaps() == {lost: ("suspected", None, None, "")}
    assert ledger.step(now_s()) == []
    ledger.close()
    world.play(range(90, 110), session=31)
    ledger = world.ledger()  # it dies, and the one after it has looked at nothing yet
    ledger.step(now_s())
    assert world.gaps() == {lost: ("filled", 0, 0, "another line carried on")}
    assert world.spans() == [(_at((NOON + 59) * SECOND_US), _at((NOON + 91) * SECOND_US))]
    world.tell("SESSION_END", (NOON + 110) * SECOND_US)
    world.play(range(110, 140), session=41, lines="B")
    ledger.step(now_s())
    ledger.close()
    assert list(world.gaps()) == [lost]  # its end was planned
    assert world.said() == []


def test_a_look_ends_though_more_is_stored_all_the_while(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0

    def ever_more(_: GapLedger, since: datetime) -> tuple[datetime, datetime]:
        nonlocal looks
        looks += 1
        assert looks < 10
        return since + timedelta(seconds=1), since + timedelta(seconds=2)

    monkeypatch.setattr(GapLedger, "_edges", ever_more)
    ledger = world.ledger()
    ledger.step(now_s())
    ledger.close()


def test_a_ledger_that_dies_at_any_step_asks_for_nothing_twice(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.play(range(60), lost=(20, 40))
    died = lives = written = 0

    def dying(method: str) -> None:
        original = getattr(GapLedger, method)

        def dies(self: GapLedger, *arguments: Any, **named: Any) -> Any:
            nonlocal died, written
            done = original(self, *arguments, **named)
            written += 1
            if written == lives % 6:  # every life dies behind another of its writes, some behind none
                died += 1
                raise KeyboardInterrupt
            return done

        monkeypatch.setattr(GapLedger, method, dies)

    for method in ("_keep", "_tell", "_note"):
        dying(method)
    answered: set[str] = set()

    def over() -> bool:
        nonlocal lives, written
        lives, written = lives + 1, 0
        ledger = world.ledger()
        try:
            ledger.step(now_s())
        except KeyboardInterrupt:
            pass
        finally:
            ledger.close()
        for said in world.control.poll(0.1):
            if said.command.broker == world.broker and said.step is Step.ASKED and said.command.id not in answered:
                answered.add(said.command.id)
                world.fill("A", (21,) if "/21" in said.command.id else (41,), 1, NOON * SECOND_US)
                world.answer(said.command, Step.DONE, ticks=1)
        states = [gap[0] for gap in world.gaps().values()]
        return states == ["filled", "filled"]

    eventually(over, 150)
    assert died > 3
    assert sorted(world.said()) == [("21", "ASKED"), ("21", "DONE"), ("41", "ASKED"), ("41", "DONE")]


def test_nothing_is_asked_where_the_guard_forbids_it(world: World) -> None:
    world.settings = world.settings.model_copy(update={"sla": SlaSettings(fills_per_minute=0)})
    world.play(range(60), lost=(20,))
    ledger = world.ledger()
    found: list[Gap] = ledger.step(now_s())
    ledger.close()
    assert [gap.state for gap in found] == [State.CONFIRMED]
    assert world.said() == []


def test_the_command_line_lists_gaps_and_sums_up_brokers(world: World, tmp_path: Path) -> None:
    world.play(range(60), lost=(20,))
    ledger = world.ledger()
    ledger.step(now_s())
    ledger.close()
    there = world.settings.clickhouse
    line = CommandLine(
        tmp_path,
        {
            "TIERFEED_CLICKHOUSE__URL": there.url,
            "TIERFEED_CLICKHOUSE__DATABASE": there.database,
            "TIERFEED_CLICKHOUSE__USERNAME": there.username,
            "TIERFEED_CLICKHOUSE__PASSWORD": there.password.get_secret_value(),
            "TIERFEED_BROKERS": json.dumps(world.settings.brokers),
        },
    )
    span = ("--from", "2026-04-29T12:00", "--to", "2026-04-29T12:01")
    told = line.json("gaps", *span)
    assert [(row["state"], row["missing"], row["filled"]) for row in told["gaps"]] == [("filling", 1, 0)]
    assert [(row["sent"], row["came"]) for row in told["completeness"]] == [(120, 119)]
    assert [(row["broker"], row["open"]) for row in told["brokers"]] == [(world.broker, 1)]
    assert line.json("gaps", *span, "--state", "filled")["gaps"] == []
    shown = line.run("gaps", *span, "--broker", world.broker)
    assert shown.returncode == 0
    assert "99.1667" in shown.stdout

"""A live worker obeys and answers what is asked on `control`, is killed in the middle, and goes on."""

from pathlib import Path
from typing import Any

import pytest

from infra.control import Control
from infra.principals import ALONE
from schemas import topics
from streams.takeover import micros
from tests.builders import eventually
from tests.integration.live_parts import LiveBroker, now_us
from tests.integration.stream_parts import SECOND_US, Parts, deployed, said
from tierfeed.domain.commands import Action, Command, Said, Step
from tierfeed.settings import KafkaSettings, Settings

pytestmark = pytest.mark.kafka

SPARE_S = 15
STARTS = 3
"""So many times what a worker's first start takes, the admission lasts: a busy machine starts the second slowly."""
OWN, ADMITTED, MISSED, LATER = 1.1, 1.15, 1.16, 1.17
RECORDS = ("FreeQuote", "ProQuote", "EnterpriseQuote")


class Asked:
    """Commands asked, and what is answered."""

    def __init__(self, settings: Settings) -> None:
        self._control = Control(settings.kafka, ALONE["sla"])
        self._said: list[Said] = []

    def ask(self, **fields: Any) -> Command:
        command = Command(deadline_us=now_us() + 30 * SECOND_US, **fields)
        self._control.tell(Said(command=command, step=Step.ASKED, time_us=now_us(), by="test"))
        return command

    def steps(self, command: Command) -> list[tuple[str, str | None]]:
        """The answers, with their reasons."""
        self._said += self._control.poll(0.1)
        return [(told.step.name, told.reason) for told in self._said if told.command.id == command.id][1:]


@pytest.mark.timeout(600)
def test_an_admission_outlives_a_kill_ends_without_a_tick_and_is_answered_once(
    kafka: KafkaSettings, unique: str, tmp_path: Path
) -> None:
    own, other = f"{unique}a", f"{unique}b"
    tier = {"symbols": "all", "depth_hours": 1, "redundancy": 1, "interval_ms": 10, "brokers": [own]}
    tiers = {f"{unique}{record}".lower(): tier | {"record": record, "emergency": [other]} for record in RECORDS}
    settings = deployed(kafka, unique, tmp_path, [own, other], tiers)

    def quotes(of: str) -> list[dict[str, Any]]:
        told, stale = said(settings, topics.tier(of))
        assert stale == 0
        return told

    def bids() -> set[float | None]:
        """The newest of each tier."""
        return {(quotes(of) or [{"bid": 0.0}])[-1]["bid"] for of in tiers}

    with Parts(settings, tmp_path) as parts:
        began_us = now_us()
        worker = parts.start("stream", "run", "--part", "tiers")
        a, b = LiveBroker(settings, own), LiveBroker(settings, other)
        a.tick(OWN, 1.2)
        eventually(lambda: bids() == {OWN}, 120)
        for_us = STARTS * (now_us() - began_us) + SPARE_S * SECOND_US
        b.tick(ADMITTED, 1.2)
        a.end()
        eventually(lambda: bids() == {None}, 20)

        asked = Asked(settings)
        until_us = now_us() + for_us
        admit = {"action": Action.ADMIT_BROKER, "broker": other, "until_us": until_us}
        admissions = [asked.ask(id=f"{unique} {of}", tier=of, **admit) for of in tiers]
        eventually(lambda: bids() == {ADMITTED}, 10)
        for command in admissions:
            eventually(lambda of=command: asked.steps(of) == [("ACCEPTED", None), ("DONE", None)], 10)
        lead = {"action": Action.SWITCH_LEAD, "until_us": until_us, "symbol": "EURUSD", "broker": other}
        free, _, rich = tiers
        refused = asked.ask(id=f"{unique} lead", tier=free, **lead)
        leads = asked.ask(id=f"{unique} leads", tier=rich, **lead)
        eventually(lambda: [step for step, _ in asked.steps(refused)] == ["REFUSED"], 10)
        eventually(lambda: [step for step, _ in asked.steps(leads)] == ["ACCEPTED", "DONE"], 10)

        worker.kill()
        worker.wait(10)
        b.tick(MISSED, 1.2)
        parts.start("stream", "run", "--part", "tiers")
        eventually(lambda: bids() == {MISSED}, for_us / SECOND_US)
        b.tick(LATER, 1.2)
        eventually(lambda: bids() == {LATER}, 10)
        newest = quotes(rich)[-1]
        assert [(each["broker"], each["status"]) for each in newest["brokers"]] == [
            (own, "SESSION_LOST"), (other, "ELIGIBLE"),
        ]  # fmt: skip
        assert newest["lead_broker"] == other

        eventually(lambda: bids() == {None}, for_us / SECOND_US + 10)
        expected = [("ACCEPTED", None), ("DONE", None), ("REVERTED", "its time is over")]
        for command in (*admissions, leads):
            eventually(lambda of=command: asked.steps(of) == expected, 10)
        b.tick(OWN, 1.2)
        beat_us = b.last_us
        eventually(lambda: b.last_us > beat_us + 2 * SECOND_US, 10)
        b.end()
        for of in tiers:
            told = quotes(of)
            left, epochs = told[-1], [quote["epoch"] for quote in told]
            assert (left["state"], left["bid"]) == ("STALE", None)
            assert 0 <= micros(left["as_of_time"]) - until_us < SECOND_US
            assert [each["broker"] for each in left["sources"]] == [own]
            assert sorted(set(epochs)) == [1, 2]
            uptos = [quote["upto_sequence"] for quote in told]
            assert uptos == list(range(1, len(told) + 1))
            assert [quote["as_of_time"] for quote in told] == sorted(quote["as_of_time"] for quote in told)
            assert [quote["bid"] for quote in told] == [OWN, None, ADMITTED, MISSED, LATER, None]
        for command in (*admissions, leads):
            assert asked.steps(command) == expected

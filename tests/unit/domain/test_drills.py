"""What a drill says of what its stack has stored."""

from typing import Any

import pytest
import yaml

from collectors.replay.tape import SHIPPED, read_tape
from tierfeed.cli.drill import FOLDER
from tierfeed.domain.drills import Drill, Found, problems

DRILLS = {path.stem: path for path in sorted(FOLDER.glob("*.yaml"))}
OUTAGE = Drill.of("broker-outage", yaml.safe_load(DRILLS["broker-outage"].read_text()))


def event(
    kind: str, of: str = "enterprise redundancy", action: str | None = "START_LINE", times: int = 1
) -> dict[str, Any]:
    tier, objective = of.split()
    return {"incident": of, "kind": kind, "tier": tier, "objective": objective, "action": action, "times": times}


def gap(state: str = "filled", cause: str = "session_lost") -> dict[str, Any]:
    return {"cause": cause, "state": state}


LINE = gap(cause="line_lost")
"""The line that was started carries on while the first one is still away."""
WELL = [event(kind) for kind in ("BREACH", "DETECTED", "GUARDED", "ACTING", "VERIFYING", "RESOLVED", "RECOVERY")]


def test_there_are_the_drills_that_were_asked_for() -> None:
    assert {*DRILLS} == {
        "broker-outage", "mute-session", "slow-broker", "sequence-gap", "crossed-market", "clock-jump",
        "redundant-line-lost", "tier-lost",
    }  # fmt: skip


@pytest.mark.parametrize("name", DRILLS)
def test_a_drills_tape_is_sound_and_has_its_incident(name: str, tmp_path: Any) -> None:
    drill = Drill.of(name, yaml.safe_load(DRILLS[name].read_text()))
    path = tmp_path / "tape.yaml"
    path.write_text(yaml.safe_dump(drill.tape(str(SHIPPED.parent))))
    tape = read_tape(path)
    begin_s, end_s = drill.span_s
    assert 0 < begin_s < end_s < (tape.end_us - tape.start_us) / 1e6
    assert set(drill.profiles) <= set(tape.brokers)
    for key, (action, end) in drill.remedies.items():
        assert len(key.split()) == 2
        assert (action.isupper(), end in ("RESOLVED", "REVERTED", "ESCALATED")) == (True, True)


def test_all_that_was_to_be_found_and_nothing_else_is_no_problem() -> None:
    found = Found(WELL, [gap(), LINE])
    assert not found.is_open
    assert list(problems(OUTAGE, found)) == []


@pytest.mark.parametrize(
    ("events", "gaps", "told"),
    [
        ([], [gap()], "enterprise redundancy: was to end as START_LINE RESOLVED, ended as nothing"),
        ([*WELL[:-2], event("ESCALATED")], [gap()], "ended as START_LINE ESCALATED"),
        ([*WELL, event("BREACH", "free uptime")], [gap()], "free uptime: was broken, and was not to be"),
        ([*WELL, event("RESOLVED", "pro latency")], [gap()], "pro latency: was not to be touched"),
        ([*WELL, event("ALERT", action=None)], [gap()], "an alert that was not to be"),
        ([*WELL[:-1], event("RECOVERY", times=2)], [gap()], "recovery of enterprise redundancy: was told 2 times"),
        (WELL, [], "gaps by session_lost: were to be filled, are nothing"),
        (WELL, [gap(), gap("partial")], "gaps by session_lost: were to be filled, are filled, partial"),
        (WELL, [gap(), gap(cause="missing")], "gaps by missing: were to be nothing, are filled"),
    ],
)
def test_what_was_missed_and_what_was_found_beside_is_told(
    events: list[dict[str, Any]], gaps: list[dict[str, Any]], told: str
) -> None:
    (problem,) = problems(OUTAGE, Found(events, [*gaps, LINE]))
    assert told in problem


@pytest.mark.parametrize(
    ("events", "gaps"), [(WELL[:-1], []), (WELL[1:5], []), (WELL, [gap("filling")]), ([event("BREACH")], [])]
)
def test_what_is_under_way_is_waited_for(events: list[dict[str, Any]], gaps: list[dict[str, Any]]) -> None:
    assert Found(events, gaps).is_open

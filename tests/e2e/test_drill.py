"""A drill from its beginning to its end, while the judge, a collector and the sink are killed in the middle."""

import json
import os
import signal
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from infra.supervisor import read_status
from tests.command_line import CommandLine

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse, pytest.mark.timeout(1200)]

KILLED_WHEN = (
    ("breach ", "sink"),
    ("guarded ", "sla"),
    ("acting ", "sla"),
    ("verifying ", "sla"),
    ("asked  ", "collect-pepperstone"),
    ("filled ", "sla"),
)
"""What is told first of all, and who is killed when it is; `asked`: when it is a gap's."""


def _kill(home: Path, name: str) -> None:
    status = read_status(home / "drill")
    assert status is not None
    (pid,) = (part.pid for part in status.parts if part.name == name)
    if pid is not None:
        os.kill(pid, signal.SIGKILL)


def test_a_lost_broker_is_remedied_and_its_gap_filled_whoever_is_killed(tmp_path: Path) -> None:
    line = CommandLine(tmp_path / "home")
    drill = subprocess.Popen(
        line.arguments("drill", "broker-outage", "--json"),
        env=line.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    told: list[str] = []
    due = list(KILLED_WHEN)
    try:
        assert drill.stderr is not None
        for text in drill.stderr:
            told.append(text)
            is_due = [each for each in due if f" s  {each[0]}" in text and (each[0] != "asked  " or " fill/" in text)]
            for each in is_due:
                due.remove(each)
                _kill(line.home, each[1])
        assert drill.stdout is not None
        outcome = json.loads(drill.stdout.read())
        assert drill.wait(60) == 0, outcome["problems"]
    finally:
        drill.kill()
        drill.wait()
    assert not due
    assert outcome["problems"] == []
    killed = Counter(name for _, name in KILLED_WHEN)
    restarted = Counter(name for name in killed for text in told if text.startswith(f"{name}:"))
    assert restarted >= killed
    steps = [row["what"] for row in outcome["timeline"] if row["of"].startswith("enterprise/redundancy/")]
    of_incident = ["breach", "detected", "guarded", "acting", "verifying", "resolved", "recovery"]
    assert sorted(steps) == sorted([*of_incident, "asked", "accepted", "done"])
    # What is known from the seed: the incident begins at 0 s, and the broker's silence is noticed within a slice.
    assert 0 < outcome["detected_s"] < 120
    assert outcome["detected_s"] < outcome["acted_s"] < outcome["ended_s"]

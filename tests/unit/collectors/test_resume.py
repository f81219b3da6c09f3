"""Where a restarted replay goes on, and what it refuses to go on from."""

from pathlib import Path

import pytest

from collectors.replay.tape import read_tape
from collectors.resume import fresh, resume
from collectors.script import Cursor, Script
from collectors.tail import Seen
from tests.unit.collectors.tapes import lean_rows, lean_zip, write_tape
from tierfeed.domain.words import SessionKind
from tierfeed.errors import ConfigError


@pytest.fixture
def script(tmp_path: Path) -> Script:
    rows = [(1_500 + at * 400, 1.1 + at * 1e-5, 1.2) for at in range(10)]
    entry = {"broker": "b", "symbol": "EURUSD", "format": "lean", "paths": ["*.zip"]}
    return read_tape(write_tape(tmp_path, [entry], **{"140508__zip": lean_zip(lean_rows(rows))})).script("b")


def _seen(script: Script, **changes: object) -> Seen:
    """At the first heartbeat, two ticks behind it."""
    start_us = script.start_us
    ids = tuple((0, start_us, "EURUSD", sequence) for sequence in (3, 4))
    found = {"kind": SessionKind.HEARTBEAT, "line": 0, "session": start_us, "time_us": start_us + 1_000_000}
    return Seen(
        **(found | {"ticks": 2, "ticks_after": ids, "stopped": False, "last_us": start_us + 1_700_000} | changes)
    )  # type: ignore[arg-type]


def test_an_empty_topic_is_played_from_the_start(script: Script) -> None:
    place = resume(script, "t", {0: None, 1: None})
    assert place.done == {0: Cursor(), 1: Cursor()}
    assert place.from_us is None
    assert place.done == fresh({0: None, 1: None}).done


def test_it_goes_on_behind_the_last_record(script: Script) -> None:
    place = resume(script, "t", {0: _seen(script)})
    assert place.done == {0: Cursor(4, 2)}
    assert place.counts == {0: {(0, script.start_us): 4}}
    assert place.from_us == script.start_us + 2_000_000
    assert place.stopped == ()


def test_an_earlier_tape_on_the_topic_is_no_hindrance_and_a_later_one_is(script: Script) -> None:
    other = _seen(script, session=7, last_us=script.start_us)
    assert resume(script, "t", {0: other}).done == {0: Cursor()}
    with pytest.raises(ConfigError, match="t/0: holds another session"):
        resume(script, "t", {0: _seen(script, session=7, last_us=script.start_us + 1)})


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"ticks": 3}, "holds 3 ticks of session"),
        ({"ticks_after": ((0, 0, "EURUSD", 3),)}, "holds other ticks of session"),
        ({"time_us": 5}, "that this tape does not have"),
        ({"kind": SessionKind.SESSION_END}, "that this tape does not have"),
    ],
)
def test_a_topic_with_another_tape_of_the_same_time_is_refused(
    script: Script, changes: dict[str, object], told: str
) -> None:
    with pytest.raises(ConfigError, match=told):
        resume(script, "t", {0: _seen(script, **changes)})


def test_every_partition_that_does_not_fit_is_told(script: Script) -> None:
    wrong = _seen(script, ticks=9)
    with pytest.raises(ConfigError) as refused:
        resume(script, "t", {0: wrong, 1: None, 2: wrong})
    assert [problem.split(":")[0] for problem in refused.value.problems] == ["t/0", "t/2"]


def test_a_stopped_session_is_known(script: Script) -> None:
    assert resume(script, "t", {0: _seen(script, stopped=True)}).stopped == (0,)

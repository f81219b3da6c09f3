"""Lines of Kafka's authorizer log, and the file they are in while it rolls."""

from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from tenants.audit.denials import parse
from tenants.audit.tail import Line, Place, Tail

REFUSED = (
    "Principal = User:{user} is Denied operation = READ from host = 127.0.0.1 on resource = Topic:LITERAL:tier.pro "
    "for request = Fetch with resourceRefCount = 6 based on rule DefaultDeny"
)


@pytest.mark.parametrize(
    ("front", "back"), [("1795710000123 ", ""), ("[2026-11-26 16:20:00,123] INFO ", " (kafka.authorizer.logger)")]
)
def test_a_denial_is_read_from_our_log_and_from_kafkas_own(front: str, back: str) -> None:
    denial = parse(front + REFUSED.format(user="acme") + back)
    assert denial is not None
    assert (denial.tenant, denial.operation, denial.resource_type, denial.resource) == (
        "acme",
        "READ",
        "Topic",
        "tier.pro",
    )
    assert (denial.request, denial.host, denial.rule) == ("Fetch", "127.0.0.1", "DefaultDeny")
    assert denial.time == datetime(2026, 11, 26, 16, 20, 0, 123_000, UTC)


@pytest.mark.parametrize("user", ["sinks", "admin", "ANONYMOUS", "CN=somebody,O=else"])
def test_a_user_that_is_no_tenants_has_none(user: str) -> None:
    denial = parse("1795710000123 " + REFUSED.format(user=user))
    assert denial is not None
    assert (denial.principal, denial.tenant) == (user, None)


@pytest.mark.parametrize(
    "line", ["", "1795710000123 something else", REFUSED, "1795710000123 Principal = User:a is Allowed"]
)
def test_what_is_no_denial_is_none(line: str) -> None:
    assert parse(line) is None


def texts(tail: Tail) -> list[str]:
    return [line.text for line in tail.lines()]


def test_a_line_that_is_still_being_written_waits_for_its_end(tmp_path: Path) -> None:
    log = tmp_path / "authorizer.log"
    tail = Tail(log)
    assert texts(tail) == []
    log.write_text("one\ntw")
    assert texts(tail) == ["one"]
    log.write_text("one\ntwo\n")
    assert texts(tail) == ["two"]
    assert texts(tail) == []


def test_no_line_is_lost_or_told_twice_while_the_file_rolls(tmp_path: Path) -> None:
    log, tail, told, number = tmp_path / "authorizer.log", Tail(tmp_path / "authorizer.log"), [], 0
    for roll in range(1, 8):
        for _ in range(3):
            number += 1
            with log.open("a") as file:
                file.write(f"line {number}\n")
            if number % 4 == 0:
                told += texts(tail)
        rolled_away(log, keep=3)
        if roll % 2:
            told += texts(tail)
    told += texts(tail)
    assert told == [f"line {each}" for each in range(1, number + 1)]
    assert not tail.lost


def test_a_file_that_rolls_while_it_is_read_is_read_to_its_end(tmp_path: Path) -> None:
    log = tmp_path / "authorizer.log"
    log.write_text("one\ntwo\n")
    rolled_away(log, keep=3)
    log.write_text("three\nfour\n")
    tail = Tail(log)
    reading, told = tail.lines(), []
    for _ in range(4):
        told.append(next(reading).text)
        rolled_away(log, keep=4)
        log.write_text(f"after {told[-1]}\n")
    assert [*told, *(line.text for line in reading)] == ["one", "two", "three", "four"]
    assert texts(tail) == ["after one", "after two", "after three", "after four"]
    assert not tail.lost


def test_a_file_that_rolls_while_the_files_are_looked_for_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "authorizer.log"
    log.write_text("one\n")
    tail, found, rolls = Tail(log), Tail._paths, iter(range(2))

    def rolls_meanwhile(self: Tail) -> list[Path]:
        paths = found(self)
        if (roll := next(rolls, None)) is not None:
            rolled_away(log, keep=3)
            log.write_text(f"after roll {roll}\n")
        return paths

    monkeypatch.setattr(Tail, "_paths", rolls_meanwhile)
    assert texts(tail) == ["one", "after roll 0", "after roll 1"]
    assert not tail.lost


def rolled_away(log: Path, keep: int) -> None:
    """As log4j's DefaultRolloverStrategy does it: the highest number is the newest."""
    rolled = [log.with_name(f"{log.name}.{number}") for number in range(1, keep + 1)]
    there = [file for file in rolled if file.exists()]
    if len(there) == keep:
        there[0].unlink()
        for older, newer in pairwise(there):
            newer.rename(older)
        there = there[:-1]
    log.rename(rolled[len(there)])


def test_one_that_starts_again_goes_on_behind_the_line_that_was_told(tmp_path: Path) -> None:
    log = tmp_path / "authorizer.log"
    log.write_text("one\ntwo\nthree\n")
    first = list(Tail(log).lines())
    assert [line.position for line in first] == [0, 4, 8]
    rolled_away(log, keep=3)
    log.write_text("four\n")
    second = Tail(log, Place(first[1].source, first[1].position))
    assert texts(second) == ["three", "four"]


def test_a_file_that_was_rolled_away_unread_is_told_to_be_lost(tmp_path: Path) -> None:
    log = tmp_path / "authorizer.log"
    log.write_text("new\n")
    tail = Tail(log, Place("kafka:gone", 7))
    assert texts(tail) == ["new"]
    assert tail.lost


def test_a_file_that_is_written_anew_is_another_one(tmp_path: Path) -> None:
    log = tmp_path / "authorizer.log"
    log.write_text("one\ntwo\n")
    tail = Tail(log)
    first: Line = next(iter(tail.lines()))
    log.write_text("another\n")
    (second,) = tail.lines()
    assert second.text == "another"
    assert second.source != first.source

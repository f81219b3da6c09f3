"""Where a sink goes on with a partition."""

from uuid import UUID

import pytest

from sinks.loader import Done
from sinks.placement import Memo, resume
from sinks.port import Stored
from tests.sink_data import place

AT = place("tier.free")


def memo(**fields: object) -> Memo:
    values = {"topic_id": str(AT.topic_id), "table_id": "t1", "stored": 10, "position": 50, "epoch": 3}
    return Memo(**(values | fields))  # type: ignore[arg-type]  # the fields are those of Memo


def test_without_a_memo_it_goes_on_behind_the_last_stored_row() -> None:
    assert resume(AT, "t1", Stored(10, 2), None) == Done(10, Stored(10, 2))


def test_records_that_leave_no_row_are_not_read_again() -> None:
    assert resume(AT, "t1", Stored(10, 2), memo()) == Done(50, Stored(10, 3))


def test_what_was_stored_since_the_commit_is_not_read_again() -> None:
    assert resume(AT, "t1", Stored(60, 5), memo()) == Done(60, Stored(60, 5))


@pytest.mark.parametrize(
    "other",
    [memo(topic_id=str(UUID(int=9))), memo(table_id="t2"), memo(stored=11)],
    ids=["another topic of that name", "another table of that name", "a table that held more"],
)
def test_a_memo_of_something_else_is_not_believed(other: Memo) -> None:
    assert resume(AT, "t1", Stored(10, 2), other) == Done(10, Stored(10, 2))


def test_a_table_that_was_emptied_is_filled_again_from_the_beginning() -> None:
    assert resume(AT, "t1", Stored(), memo()).position == 0


def test_a_memo_survives_the_way_through_kafka() -> None:
    assert Memo.parse(memo().text()) == memo()


@pytest.mark.parametrize("text", ["", "rubbish", "[]", "{}", '{"topic_id": "x"}', "null", "7"])
def test_what_is_no_memo_is_none(text: str) -> None:
    assert Memo.parse(text) is None

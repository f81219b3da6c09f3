import json
from datetime import UTC, datetime

import pytest

from tierfeed.cli.output import emit, show, text


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "-"),
        (True, "yes"),
        (12345, "12,345"),
        (1234.5, "1,234.5"),
        (0.00012, "0.00012"),
        (["a", 1], "a, 1"),
        ("a", "a"),
    ],
)
def test_values_are_shown_as_people_read_them(value: object, shown: str) -> None:
    assert text(value) == shown


def test_a_table_that_goes_to_no_terminal_has_no_colours_and_cuts_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    show(("name", "n"), [("x" * 150, 1), ("[bold]y", None)], "Title")
    printed = capsys.readouterr().out
    assert "x" * 150 in printed
    assert "[bold]y" in printed
    assert "\x1b" not in printed


def test_json_is_one_line_with_times_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    emit({"at": datetime(2026, 1, 5, tzinfo=UTC), "name": "ä"})
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    assert json.loads(printed) == {"at": "2026-01-05T00:00:00+00:00", "name": "ä"}

"""Passwords that were given are handed over, whatever else fails."""

import json
from pathlib import Path

import pytest

from tierfeed.cli.credentials import MECHANISM, handing_over, show_credentials
from tierfeed.errors import ConfigError, UpstreamError

GIVEN = {"acme": "s3cret-1", "globex": "s3cret-2"}
ROWS = [{"username": user, "password": password, "mechanism": MECHANISM} for user, password in GIVEN.items()]


def hand_over(
    file: Path | None, *, as_json: bool = False, fail: bool = False, given: dict[str, str] = GIVEN
) -> list[dict[str, str]]:
    passwords: dict[str, str] = {}
    with handing_over(passwords, file, as_json) as rows:
        passwords |= given
        if fail:
            raise UpstreamError("the cluster has gone")
    return rows


def test_without_a_file_they_are_for_the_command_to_show(capsys: pytest.CaptureFixture[str]) -> None:
    assert hand_over(None) == ROWS
    assert capsys.readouterr() == ("", "")


def test_in_a_file_they_are_for_its_owner_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "passwords.jsonl"
    assert hand_over(file) == []
    assert [json.loads(line) for line in file.read_text().splitlines()] == ROWS
    assert file.stat().st_mode & 0o777 == 0o600
    out, err = capsys.readouterr()
    assert (out, err.split()) == ("", f"2 passwords are in {file}".split())


def test_where_none_was_given_no_file_is_left(tmp_path: Path) -> None:
    assert hand_over(tmp_path / "passwords.jsonl", given={}) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("as_json", [False, True])
def test_after_a_failure_they_are_on_the_screen(as_json: bool, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UpstreamError):
        hand_over(None, as_json=as_json, fail=True)
    out, err = capsys.readouterr()
    assert "given before the failure" in err
    if as_json:
        assert json.loads(out) == {"credentials": ROWS}
    else:
        assert all(password in out for password in GIVEN.values())


@pytest.mark.parametrize("as_json", [False, True])
def test_after_a_failure_they_are_in_the_file(
    as_json: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "passwords.jsonl"
    with pytest.raises(UpstreamError):
        hand_over(file, as_json=as_json, fail=True)
    assert [json.loads(line) for line in file.read_text().splitlines()] == ROWS
    assert not any(password in "".join(capsys.readouterr()) for password in GIVEN.values())


def test_a_file_that_is_there_stays_as_it_is_and_nothing_is_begun(tmp_path: Path) -> None:
    file = tmp_path / "passwords.jsonl"
    file.write_text("of last week")
    with pytest.raises(ConfigError, match=f"{file} is there already"), handing_over({}, file, json=False):
        pytest.fail("begun")
    assert file.read_text() == "of last week"


def test_a_file_that_cannot_be_written_is_told_before_anything_is_begun(tmp_path: Path) -> None:
    file = tmp_path / "nowhere" / "passwords.jsonl"
    with pytest.raises(ConfigError, match=f"{file} cannot be written"), handing_over({}, file, json=False):
        pytest.fail("begun")


def test_a_disk_that_is_full_puts_them_on_the_screen(capsys: pytest.CaptureFixture[str]) -> None:
    full = Path("/dev/full")
    passwords = dict(GIVEN)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tierfeed.cli.credentials.open_secretly", lambda file: file.open("w"))
        with handing_over(passwords, full, json=False) as rows:
            pass
    assert rows == ROWS
    assert "cannot be written" in capsys.readouterr().err


def test_what_is_shown_says_that_it_is_shown_once(capsys: pytest.CaptureFixture[str]) -> None:
    show_credentials([])
    assert capsys.readouterr() == ("", "")
    show_credentials(ROWS)
    out, err = capsys.readouterr()
    assert "s3cret-1" in out
    assert "shown this once" in err

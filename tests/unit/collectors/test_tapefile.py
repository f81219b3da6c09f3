from pathlib import Path

import pytest

from collectors.replay.tape import read_tape
from collectors.replay.tapefile import load_tape_file
from tests.unit.collectors.tapes import lean_rows, lean_zip, write_tape
from tierfeed.errors import ConfigError

GOOD = lean_zip(lean_rows([(1000, 1.1, 1.2), (2500, 1.11, 1.21)]))
REAL: dict[str, object] = {"broker": "real", "symbol": "EURUSD", "format": "lean", "paths": "20140508*"}
FAKE = REAL | {"broker": "fake", "simulate": {"profile": "pepperstone", "seed": "1"}}


def _problems(path: Path) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as refused:
        read_tape(path)
    return refused.value.problems


def test_a_list_of_entries_and_a_mapping_with_entries_are_the_same(tmp_path: Path) -> None:
    listed = load_tape_file(write_tape(tmp_path, [REAL], **{"20140508__zip": GOOD}))
    text = listed.path.read_text()
    (tmp_path / "other.yaml").write_text("entries:\n" + "\n".join("  " + line for line in text.splitlines()))
    assert load_tape_file(tmp_path / "other.yaml").entries == listed.entries


def test_every_problem_of_a_tape_file_is_told_at_once(tmp_path: Path) -> None:
    path = write_tape(
        tmp_path,
        [
            REAL | {"format": "excel"},
            REAL | {"utc_offset": "noon"},
            REAL | {"symbol": "eur/usd"},
            REAL | {"broker": "IC Markets"},
            REAL | {"format": "csv"},
            REAL | {"speed": 3},
            REAL | {"paths": []},
        ],
    )
    told = _problems(path)
    assert [problem.split(": ")[1] for problem in told] == [
        "entries.0.format",
        "entries.1.utc_offset",
        "entries.2.symbol",
        "entries.3.broker",
        "entries.4",
        "entries.5.speed",
        "entries.6.paths",
    ]
    assert "was 'excel'" in told[0]
    assert "was 'noon'" in told[1]


def test_missing_files_and_brokers_that_are_both_real_and_simulated_are_told_together(tmp_path: Path) -> None:
    path = write_tape(
        tmp_path,
        [
            REAL,
            REAL | {"simulate": {"profile": "pepperstone"}, "symbol": "NZDUSD"},
            REAL | {"broker": "gone", "paths": ["nowhere/*.zip"]},
            FAKE,
            FAKE | {"symbol": "NZDUSD", "simulate": {"profile": "pepperstone", "seed": 2}},
            REAL | {"broker": "odd", "simulate": {"profile": "nobody"}},
            REAL | {"broker": "torn", "simulate": {"profile": {"thinning": 2, "lines": {"Z": {}}}}},
            REAL,
        ],
        **{"20140508__zip": GOOD},
    )
    told = "\n".join(_problems(path))
    for part in (
        "entries.2.paths: no file matches 'nowhere/*.zip'",
        "broker real must be real or simulated in all its entries, was both",
        "broker fake must have the same profile and seed in all its entries",
        "broker odd: profile must be one of ic_markets, pepperstone, or a file; was 'nobody'",
        "broker torn: profile: thinning: Input should be less than 1, was '2'",
        "20140508.zip is in entries.0 already, as the same broker",
    ):
        assert part in told


def test_every_damaged_file_of_a_tape_is_named(tmp_path: Path) -> None:
    path = write_tape(
        tmp_path,
        [REAL | {"paths": ["2*.zip"]}, REAL | {"broker": "b", "paths": ["nested/../1*.zip"]}],
        **{"20140508__zip": GOOD, "20140509__zip": GOOD[:-10], "140510__zip": lean_zip(b"1,1.1,1.2\0\0")},
    )
    (tmp_path / "nested").mkdir()
    told = _problems(path)
    assert [problem.split(": ")[0] for problem in told] == [
        "20140509.zip",
        "nested/../140510.zip!20140508_eurusd_tick_quote.csv",
    ]


def test_a_tape_without_a_tick_is_refused(tmp_path: Path) -> None:
    assert (
        "none of its files holds a tick"
        in _problems(write_tape(tmp_path, [REAL], **{"20140508__zip": lean_zip(b"")}))[0]
    )


@pytest.mark.parametrize("text", ["", "just a text", "entries: 7", "[1, 2]", "{", "entries: []"])
def test_what_is_no_tape_file_is_told(text: str, tmp_path: Path) -> None:
    (tmp_path / "TAPE.yaml").write_text(text)
    assert all(problem.startswith(str(tmp_path / "TAPE.yaml")) for problem in _problems(tmp_path / "TAPE.yaml"))


def test_a_tape_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert "No such file" in _problems(tmp_path / "TAPE.yaml")[0]


def test_yaml_does_not_turn_an_offset_into_a_number_of_minutes(tmp_path: Path) -> None:
    path = write_tape(tmp_path, [REAL], **{"20140508__zip": GOOD})
    path.write_text(path.read_text() + "  utc_offset: 10:00\n")
    (entry,) = load_tape_file(path).entries
    assert entry.offset.fixed_us == 36_000_000_000


def test_a_profile_may_be_a_file_beside_the_tape(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("thinning: 0.5\n")
    path = write_tape(tmp_path, [REAL | {"simulate": {"profile": "mine.yaml"}}], **{"20140508__zip": GOOD})
    profile, seed = load_tape_file(path).profiles["real"]
    assert (profile.thinning, seed) == (0.5, 0)

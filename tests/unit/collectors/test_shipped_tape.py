"""The tape that comes with the product: real rows, known counts, and small."""

import zipfile
from pathlib import Path

import pytest

from collectors.collect import CollectSpec
from collectors.replay.cut import CLOCKS, HOUR_MS, NOON_UTC_MS, SYMBOLS, cut_zip
from collectors.replay.tape import SHIPPED, Tape, read_tape
from tests.unit.collectors.tapes import SHARED, lean_zip
from tierfeed.domain.words import Feed

SOURCES = SHARED / "data" / "ticks"
FOLDER = SHIPPED.parent


@pytest.fixture(scope="module")
def tape() -> Tape:
    return read_tape()


def test_it_is_an_hour_of_three_brokers_of_which_one_is_real(tape: Tape) -> None:
    assert {broker: tape.script(broker).feed for broker in tape.brokers} == {
        "fxcm": Feed.REPLAY,
        "ic_markets": Feed.SIMULATED,
        "pepperstone": Feed.SIMULATED,
    }
    assert tape.end_us - tape.start_us == 3_600_000_000
    assert CollectSpec(broker="fxcm").tape == SHIPPED


def test_the_simulated_brokers_lose_and_double_on_purpose(tape: Tape) -> None:
    totals = {broker: tape.script(broker).ledger.total for broker in tape.brokers}
    assert totals["ic_markets"].redelivered > 100
    assert min(totals["pepperstone"].lost, totals["pepperstone"].skipped, totals["pepperstone"].unquoted) > 10
    assert min(tape.script("ic_markets").ledger.line_doubled.values()) > 1000


def test_it_is_small_and_says_whose_it_is() -> None:
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) < 3_000_000
    notice = (FOLDER / "NOTICE").read_text()
    assert "Apache License, Version 2.0" in notice
    for path in FOLDER.rglob("*.zip"):
        assert path.relative_to(FOLDER).as_posix() in notice


@pytest.mark.skipif(not SOURCES.is_dir(), reason=f"needs the shared data, {SOURCES} is not there")
@pytest.mark.parametrize("name", CLOCKS)
@pytest.mark.parametrize("symbol", SYMBOLS)
def test_its_rows_are_the_sources_rows_byte_for_byte(name: str, symbol: str) -> None:
    source, ahead_ms = CLOCKS[name]
    file = f"{symbol}/20140508_quote.zip"
    shipped = (FOLDER / name / file).read_bytes()
    assert shipped == cut_zip(
        (SOURCES / source / file).read_bytes(), NOON_UTC_MS + ahead_ms, NOON_UTC_MS + ahead_ms + HOUR_MS
    )
    (text,) = (archive.read(archive.namelist()[0]) for archive in [zipfile.ZipFile(FOLDER / name / file)])
    with zipfile.ZipFile(SOURCES / source / file) as archive:
        assert text in archive.read(archive.namelist()[0])


def test_cutting_keeps_rows_as_they_stand(tmp_path: Path) -> None:
    (tmp_path / "cut.zip").write_bytes(cut_zip(lean_zip(b"1,1.10,1.2\r\n2,1.1,1.20\r\n3,1.1,1.2\r\n"), 1, 3))
    with zipfile.ZipFile(tmp_path / "cut.zip") as archive:
        assert archive.read(archive.namelist()[0]) == b"1,1.10,1.2\r\n2,1.1,1.20"

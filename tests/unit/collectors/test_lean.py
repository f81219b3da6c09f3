import pytest

from collectors.replay.formats.lean import parse_lean
from collectors.replay.formats.rows import DamagedFileError
from tests.unit.collectors.tapes import MIDNIGHT_US, lean_rows, lean_zip

NAME = "eurusd/20140508_quote.zip"
GOOD = b"1000,1.10000,1.10010\r\n2000,1.10001,1.10012\r\n3500,1.10002,1.10001"


def test_rows_become_ticks_at_the_date_of_the_name() -> None:
    rows = parse_lean(NAME, lean_zip(GOOD))
    assert rows.event_us.tolist() == [MIDNIGHT_US + ms * 1000 for ms in (1000, 2000, 3500)]
    assert rows.bid.tolist() == [1.1, 1.10001, 1.10002]
    assert rows.ask.tolist() == [1.1001, 1.10012, 1.10001]
    assert rows.line.tolist() == [1, 2, 3]
    assert rows.bad == ()


@pytest.mark.parametrize("name", ["20140508_quote.zip", "140508_quote.zip", "quote.zip"])
def test_the_date_is_eight_or_six_digits_of_the_zip_or_else_of_its_member(name: str) -> None:
    assert parse_lean(name, lean_zip(GOOD)).event_us[0] == MIDNIGHT_US + 1_000_000


def test_a_name_without_a_date_is_refused() -> None:
    with pytest.raises(DamagedFileError, match=r"^quote\.zip: has no date"):
        parse_lean("quote.zip", lean_zip(GOOD, "quote.csv"))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b"not,a,tick", "field 1 is not a whole number: 'not'"),
        (b"2000,1.1", "needs 3 fields, has 2"),
        (b"2000,,1.1", "field 2 is not a number: ''"),
        (b"2000,nan,1.1", "prices must be finite, were bid nan ask 1.1"),
        (b"2000,1.1,inf", "prices must be finite, were bid 1.1 ask inf"),
        (b"2000,-1.1,1.1", "prices must not be negative, were bid -1.1 ask 1.1"),
        (b"2000,0,0", "one price must be positive, were bid 0 ask 0"),
        (b"86400000,1.1,1.1", "must be within the day: 86400000 ms since midnight"),
        (b"", "field 1 is not a whole number: ''"),
        (b"\xff\xfe,1.1,1.1", "field 1 is not a whole number: '��'"),
    ],
)
def test_a_bad_row_of_a_sound_file_comes_out_apart_with_its_line(row: bytes, reason: str) -> None:
    rows = parse_lean(NAME, lean_zip(b"1000,1.10000,1.10010\r\n" + row + b"\r\n3000,1.10002,1.10012\r\n"))
    assert rows.line.tolist() == [1, 3]
    assert [(bad.line, bad.raw, bad.reason) for bad in rows.bad] == [(2, row, reason)] or row == b""
    assert [bad.line for bad in rows.bad] == [2]


def test_one_missing_side_is_no_bad_row() -> None:
    rows = parse_lean(NAME, lean_zip(b"1000,0,1.1\n2000,1.1,0\n"))
    assert rows.bad == ()
    assert rows.bid.tolist() == [0, 1.1]


def test_a_cut_zip_is_damaged() -> None:
    data = lean_zip(lean_rows((ms, 1.1, 1.2) for ms in range(1000)))
    for length in (0, 10, len(data) // 2, len(data) - 1):
        with pytest.raises(DamagedFileError, match=r"20140508_quote\.zip: is not a whole zip"):
            parse_lean(NAME, data[:length])


def test_a_zip_with_flipped_bytes_is_damaged() -> None:
    data = bytearray(lean_zip(lean_rows((ms, 1.1 + ms * 1e-5, 1.2) for ms in range(1000))))
    data[len(data) // 2] ^= 0xFF
    with pytest.raises(DamagedFileError, match="whole zip"):
        parse_lean(NAME, bytes(data))


def test_nul_padding_is_damage_and_tells_the_row_before_it() -> None:
    with pytest.raises(
        DamagedFileError, match=r"holds 512 NUL bytes from byte 61 on, row 3 is cut to '3500,1\.10002,1\.10'"
    ):
        parse_lean(NAME, lean_zip(GOOD[:61] + bytes(512)))


@pytest.mark.parametrize("cut", [1, 3, 8, 14])
def test_a_text_that_ends_inside_a_row_is_damaged(cut: int) -> None:
    with pytest.raises(DamagedFileError, match="ends inside row 3"):
        parse_lean(NAME, lean_zip(GOOD[:-cut]))


def test_a_last_row_that_may_be_cut_is_no_tick() -> None:
    """Where trailing zeros are stripped, a last row without line end and with fewer decimals proves nothing."""
    rows = parse_lean(NAME, lean_zip(b"1000,1.1,1.2\n2000,1.10001,1.20001\n3000,1.10002,1.2"))
    assert rows.line.tolist() == [1, 2]
    assert [(bad.line, bad.raw) for bad in rows.bad] == [(3, b"3000,1.10002,1.2")]
    assert len(parse_lean(NAME, lean_zip(b"1000,1.1,1.2\n2000,1.10001,1.20001\n3000,1.10002,1.2\n"))) == 3


def test_a_zip_of_two_files_or_none_is_refused() -> None:
    import io
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.csv", GOOD)
        archive.writestr("b.csv", GOOD)
    with pytest.raises(DamagedFileError, match=r"must hold one CSV file, holds 2: a\.csv, b\.csv"):
        parse_lean(NAME, out.getvalue())


def test_a_file_of_another_format_is_refused_whole() -> None:
    with pytest.raises(DamagedFileError, match="none of its 2 rows"):
        parse_lean(NAME, lean_zip(b"time;bid;ask\n2014-05-08;1.1;1.2\n"))


def test_an_empty_file_has_no_ticks() -> None:
    assert len(parse_lean(NAME, lean_zip(b""))) == 0

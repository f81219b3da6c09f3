import pytest

from collectors.replay.formats.bi5 import parse_bi5
from collectors.replay.formats.rows import DamagedFileError
from tests.unit.collectors.tapes import bi5

PATH = "/tapes/EURUSD/2019/01/04/07h_ticks.bi5"
SEVEN_US = 1_549_263_600_000_000
"""2019-02-04 07:00 UTC: months count from 00."""


def test_records_become_ticks_of_the_hour_in_the_path() -> None:
    rows = parse_bi5("07h", PATH, bi5([(994, 114553, 114550, 1.5, 0.75), (1500, 114560, 114561, 1.12, 0.0)]), 100_000)
    assert rows.event_us.tolist() == [SEVEN_US + 994_000, SEVEN_US + 1_500_000]
    assert (rows.bid.tolist(), rows.ask.tolist()) == ([1.1455, 1.14561], [1.14553, 1.1456])
    assert (rows.bid_size.tolist(), rows.ask_size.tolist()) == ([750_000, 0], [1_500_000, 1_120_000])


def test_a_zero_byte_file_is_an_hour_without_ticks() -> None:
    assert len(parse_bi5("07h", PATH, b"", 100_000)) == 0


def test_a_cut_file_is_damaged() -> None:
    data = bi5([(at, 114553 + at % 7, 114550, 1.0, 1.0) for at in range(500)])
    for length in (1, 12, len(data) // 2, len(data) - 1):
        with pytest.raises(DamagedFileError, match=r"^07h: "):
            parse_bi5("07h", PATH, data[:length], 100_000)


def test_bytes_behind_the_stream_are_damage() -> None:
    with pytest.raises(DamagedFileError, match="3 bytes after its LZMA stream"):
        parse_bi5("07h", PATH, bi5([(0, 2, 1, 1.0, 1.0)]) + b"abc", 100_000)


def test_a_record_without_a_price_or_outside_its_hour_comes_out_apart() -> None:
    rows = parse_bi5("07h", PATH, bi5([(1, 2, 1, 1.0, 1.0), (2, 0, 0, 1.0, 1.0), (3_600_000, 2, 1, 1.0, 1.0)]), 100_000)
    assert rows.line.tolist() == [1]
    assert [bad.line for bad in rows.bad] == [2, 3]
    assert all(len(bad.raw) == 20 for bad in rows.bad)


@pytest.mark.parametrize(
    "path", ["/tapes/07h_ticks.bi5", "/tapes/2019/12/04/07h_ticks.bi5", "/t/2019/01/04/24h_ticks.bi5"]
)
def test_a_path_that_names_no_hour_is_refused(path: str) -> None:
    with pytest.raises(DamagedFileError):
        parse_bi5("07h", path, b"", 100_000)

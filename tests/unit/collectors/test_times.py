import numpy as np
import pytest

from collectors.replay.formats.times import Offset

NOON = np.array([1_451_908_800_000_000], np.int64)
"""2016-01-04 12:00."""


@pytest.mark.parametrize(
    ("text", "hours"),
    [("-05:00", 5), ("+05:30", -5.5), ("-5", 5), ("+0300", -3), ("0", 0), ("UTC", 0), ("z", 0), ("10:00", -10)],
)
def test_an_offset_is_how_far_the_clock_is_ahead(text: str, hours: float) -> None:
    assert Offset.of(text).to_utc(NOON)[0] - NOON[0] == hours * 3_600_000_000


@pytest.mark.parametrize("text", ["", "noon", "+25:00", "5:75", "Mars/Olympus", "../etc/passwd"])
def test_what_is_no_offset_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"must be like|at most"):
        Offset.of(text)


def test_a_zone_knows_its_summers() -> None:
    july = np.array([1_467_633_600_000_000], np.int64)
    zone = Offset.of("America/New_York")
    assert zone.to_utc(NOON)[0] - NOON[0] == 5 * 3_600_000_000
    assert zone.to_utc(july)[0] - july[0] == 4 * 3_600_000_000

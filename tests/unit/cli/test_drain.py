from typing import Any

import pytest

from tierfeed.cli.drain import Standing

DONE = {"expected": 10, "published": 10, "processed": 10, "sunk": 20, "to_sink": 20, "unread": (), "bars_behind": 0}


def _missing(**changes: Any) -> list[str]:
    return Standing(**DONE | changes).missing


def test_nothing_is_missing_when_all_is_stored() -> None:
    assert _missing() == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"published": 8, "processed": 8}, "2 of 10 records are not published"),
        ({"processed": 7}, "3 published records are not processed by the stream worker"),
        ({"unread": ("tier.pro", "quality")}, "the sink has not come to the end of tier.pro, quality"),
        ({"bars_behind": 4}, "4 stored ticks are not in the bars"),
    ],
)
def test_what_is_missing_is_told(changes: dict[str, Any], told: str) -> None:
    assert _missing(**changes) == [told]

import json
from datetime import UTC, datetime
from typing import Any

from tierfeed.cli.reading import HEADING, Record, line_of, line_of_json

AT = datetime(2026, 1, 5, 10, 0, 0, 123456, UTC)


def _quote(**changes: Any) -> Record:
    fields = {
        "symbol": "EURUSD",
        "bid": 1.1,
        "ask": 1.10012,
        "state": "NORMAL",
        "published_time": AT,
        "conflated_count": 2,
        "upto_sequence": 7,
    }
    return Record("ProQuote", fields | changes, 5, 42)


def test_a_quote_stands_under_its_heading_with_the_symbols_digits() -> None:
    line = line_of(_quote())
    assert line.split() == [
        "2026-01-05",
        "10:00:00.123456",
        "EURUSD",
        "1.10000",
        "1.10012",
        "0.00012",
        "NORMAL",
        "2",
        "7",
    ]
    assert len(line) == len(HEADING)
    assert "150.100" in line_of(_quote(symbol="USDJPY", bid=150.1, ask=150.2))


def test_a_side_that_is_missing_is_a_dash() -> None:
    assert line_of(_quote(ask=None)).split()[3:6] == ["1.10000", "-", "-"]


def test_what_the_topic_says_of_a_symbol_is_a_line_too() -> None:
    control = Record("TierControl", {"kind": "STALE", "symbol": "EURUSD", "time": AT, "reason": "no broker"}, 5, 43)
    assert line_of(control).endswith("EURUSD   STALE: no broker")
    assert not control.is_quote
    assert json.loads(line_of_json(control))["control"] == "STALE"


def test_a_gap_says_of_when_it_is_and_of_no_symbol_where_of_all() -> None:
    gap = {"kind": "GAP", "symbol": None, "time": AT, "reason": "session_lost", "from_time": AT, "to_time": AT}
    at = "2026-01-05 10:00:00.123456"
    assert line_of(Record("TierControl", gap, 5, 43)).endswith(f"  -        GAP: session_lost, {at} to {at}")
    assert json.loads(line_of_json(Record("TierControl", gap, 5, 43)))["to_time"] == AT.isoformat()


def test_json_has_every_field_and_where_it_stands() -> None:
    record = json.loads(line_of_json(_quote()))
    assert record["published_time"] == "2026-01-05T10:00:00.123456+00:00"
    assert (record["kind"], record["partition"], record["offset"], record["bid"]) == ("ProQuote", 5, 42, 1.1)

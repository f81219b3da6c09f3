"""What becomes of the records that say something about a tier's quotes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tierfeed.client import GapCause, GapNotice, Stats, Update
from tierfeed.client.reader import PartitionReader

AT = datetime(2026, 1, 5, 10, tzinfo=UTC)
EARLIER = AT - timedelta(seconds=20)


def read(*symbols: str, **fields: Any) -> tuple[Update, ...]:
    record = {"kind": "GAP", "tier": "pro", "symbol": None, "time": AT, "epoch": 1, "reason": None} | fields
    return PartitionReader(0, frozenset(symbols), Stats()).read("TierControl", record, 7, 0)


@pytest.mark.parametrize("cause", GapCause)
def test_a_gap_has_its_span_and_its_cause(cause: GapCause) -> None:
    (notice,) = read(symbol="EURUSD", reason=cause.value, from_time=EARLIER, to_time=AT)
    assert notice == GapNotice("EURUSD", AT, cause.value, EARLIER, AT)
    assert isinstance(notice, GapNotice)
    assert notice.cause is cause


def test_a_gap_of_a_schema_without_a_span_is_told_all_the_same() -> None:
    (notice,) = read(reason="history was lost")
    assert notice == GapNotice(None, AT, "history was lost")
    assert isinstance(notice, GapNotice)
    assert (notice.from_time, notice.to_time, notice.cause) == (None, None, None)


def test_a_gap_of_all_symbols_concerns_whoever_wants_some_and_one_of_another_symbol_does_not() -> None:
    assert len(read("USDJPY", reason="session_lost", from_time=EARLIER, to_time=AT)) == 1
    assert read("USDJPY", symbol="EURUSD", reason="missing", from_time=EARLIER, to_time=AT) == ()

"""What is encoded from records in place is, byte for byte, what fastavro writes of the same values."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.catalogue import Schema, schema
from schemas.codec import Layout, Pool, RowEncoder
from streams.kernels.state import BROKER_ROW, NEVER, QUALITY_ROW, QUOTE_ROW, Records
from streams.layouts import QUOTE_NAMES, QUOTE_POOLS, WINDOW_LAYOUT, quote_layout
from tests.property.codec_oracle import written
from tierfeed.errors import ContractError

POOLS = {"broker": Pool.of(["fxcm", "ic_märkets", ""]), "symbol": Pool.of([f"S{i:02}USD" for i in range(40)])}
BROKERS, MEMBERS = 4, 3
CODES = {"symbol": 40, "broker": 3, "bid_broker": 3, "ask_broker": 3, "lead_broker": 3, "state": 5, "status": 5}
NULLABLE = (
    "event_time", "received_time", "bid_age", "ask_age", "feed_latency", "lead_since", "lead_switched", "p50", "p95",
    "p99", "highest",
)  # fmt: skip
DOUBLES = [0.0, -0.0, 1.08, 5e-324, float("inf"), float("-inf"), float("nan"), -float("nan")]


def filled(of: np.dtype[Any], shape: tuple[int, ...], rng: np.random.Generator) -> Records:
    """Records of any values that their schemas can hold, nulls among them."""
    rows = np.zeros(shape, of)
    for name, (dtype, *_) in (of.fields or {}).items():
        if dtype == np.float64:
            odd = rng.choice(DOUBLES, shape)
            rows[name] = np.where(rng.random(shape) < 0.4, odd, rng.normal(1, 1, shape))
        elif name in CODES:
            rows[name] = rng.integers(-1 if name.endswith("_broker") else 0, CODES[name], shape)
        elif name in ("eligible", "quarantined"):
            rows[name] = rng.integers(-(2**31), 2**31, shape)
        else:
            some = rng.choice([0, 1, -1, 63, 64, -64, -65, 1_700_000_000_000_000, 2**55], shape)
            rows[name] = np.where(rng.random(shape) < 0.3, NEVER if name in NULLABLE else 7, some)
    return rows


def told(of: Schema, layout: Layout, row: Any, items: Any) -> dict[str, Any]:
    """The same as a record of Python values, by the layout and the schema alone."""
    return {entry["name"]: _value(layout, entry, entry["name"], row, items) for entry in of.parsed["fields"]}


def _value(layout: Layout, entry: Any, path: str, row: Any, items: Any) -> Any:
    avro = entry["type"]
    if isinstance(avro, dict) and avro["type"] == "array":
        only = layout.only.get(path)
        kept = items[: layout.item_count]
        if only is not None:
            kept = [item for item in kept if item[layout.names[only]] >= 0]
        fields = avro["items"]["fields"]
        return [{f["name"]: _value(layout, f, f"{path}.{f['name']}", item, None) for f in fields} for item in kept]
    nullable = isinstance(avro, list)
    kind = avro[1] if nullable else avro
    value = row[layout.names.get(path, entry["name"])].item()
    if kind == "double":
        return None if nullable and value != value else value
    if kind == "string":
        return None if nullable and value < 0 else POOLS[layout.pools[path]].strings[value]
    if nullable and value == NEVER:
        return None
    return kind["symbols"][value] if isinstance(kind, dict) and kind["type"] == "enum" else value


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(["FreeQuote", "ProQuote", "EnterpriseQuote", "QualityWindow"]),
    st.integers(0, 2**32),
    st.integers(1, 60),
    st.integers(0, 80),
)
def test_records_are_encoded_as_fastavro_writes_them(record: str, seed: int, n: int, picks: int) -> None:
    rng = np.random.default_rng(seed)
    known = schema(record)
    layout = WINDOW_LAYOUT if record == "QualityWindow" else quote_layout(BROKERS, MEMBERS)
    rows = filled(QUALITY_ROW if record == "QualityWindow" else QUOTE_ROW, (n,), rng)
    items = None if record == "QualityWindow" else filled(BROKER_ROW, (n, BROKERS), rng)
    picked = rng.integers(0, n, picks)
    payloads = RowEncoder(known, layout).encode(rows, picked, POOLS, items)
    expected = [told(known, layout, rows[i], None if items is None else items[i]) for i in picked.tolist()]
    assert payloads == [written(known, value) for value in expected]


def quote(**values: Any) -> Records:
    row = filled(QUOTE_ROW, (1,), np.random.default_rng(1))
    for name, value in values.items():
        row[name] = value
    return row


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"symbol": 40}, r"FreeQuote\.symbol, record 0: was 40"),
        ({"symbol": -1}, r"FreeQuote\.symbol, record 0: was -1"),
        ({"state": 5}, r"FreeQuote\.state, record 0: was 5"),
        ({"as_of": 2**62}, r"FreeQuote\.as_of_time, record 0: was 4611686018427387904"),
    ],
)
def test_a_value_that_the_schema_cannot_hold_is_told(values: dict[str, Any], complaint: str) -> None:
    encoder = RowEncoder(schema("FreeQuote"), quote_layout(1, 1))
    items = filled(BROKER_ROW, (1, 1), np.random.default_rng(1))
    with pytest.raises(ContractError, match=complaint):
        encoder.encode(quote(**values), np.array([0]), POOLS, items)


WRONG_TYPE = Layout(record=np.dtype([("symbol", "f8")]), pools=QUOTE_POOLS)
NO_SUCH_FIELD = Layout(record=QUOTE_ROW, pools=QUOTE_POOLS)
NO_POOL = Layout(record=QUOTE_ROW, names=QUOTE_NAMES, pools={})


@pytest.mark.parametrize(
    ("layout", "complaint"),
    [
        (WRONG_TYPE, r"FreeQuote\.symbol: 'symbol' must be int64, was float64"),
        (NO_SUCH_FIELD, r"FreeQuote\.as_of_time: there is no 'as_of_time' to take it from"),
        (NO_POOL, r"FreeQuote\.symbol: no pool is named for its strings"),
    ],
)
def test_a_layout_that_does_not_fit_the_schema_is_told_at_once(layout: Layout, complaint: str) -> None:
    with pytest.raises(TypeError, match=complaint):
        RowEncoder(schema("FreeQuote"), layout)

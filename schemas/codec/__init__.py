"""The columnar Avro codec of the hot path: a batch of payloads in, columns out, and the reverse."""

import numpy as np

from schemas.catalogue import Schema
from schemas.codec.columns import Columns
from schemas.codec.decode import Decoder
from schemas.codec.encode import Encoder
from schemas.codec.frame import NO_SCHEMA, Frame
from schemas.codec.rows import Layout, RowEncoder
from schemas.codec.values import Column, Nullable, Pool, Repeated, Strings

__all__ = [
    "NO_SCHEMA",
    "Column",
    "Columns",
    "Decoder",
    "Encoder",
    "Frame",
    "Layout",
    "Nullable",
    "Pool",
    "Repeated",
    "RowEncoder",
    "Strings",
    "warm",
]


def warm() -> None:
    """Compile the loops, or load them from numba's cache (seconds the first time, a fraction of one later)."""
    text = '{"type": "record", "name": "Warm", "fields": [{"name": "symbol", "type": "string"}]}'
    schema = Schema.of(text, 0)
    payloads = Encoder(schema).encode(1, {"symbol": Strings.of(["EURUSD"])})
    Decoder(schema).decode(Frame.of(payloads))
    record = np.dtype([("symbol", np.int64)])
    encoder = RowEncoder(schema, Layout(record=record, pools={"symbol": "symbol"}))
    encoder.encode(np.zeros(1, record), np.zeros(1, np.int64), {"symbol": Pool.of(["EURUSD"])})

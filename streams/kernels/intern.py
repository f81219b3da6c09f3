"""Names to small numbers: the symbols and the streams of a shard."""

import numpy as np

from streams.kernels.compiled import kernel
from streams.kernels.state import NO_STREAM

MALFORMED = -2
LONGEST = 16

NAME = np.dtype([("low", "u8"), ("high", "u8"), ("id", "i8")])


@kernel
def pack(buf, start, length):
    """A symbol's up to 16 characters as two words; (0, 0) where it is not [A-Z0-9]{3,16}."""
    low = np.uint64(0)
    high = np.uint64(0)
    if length < 3 or length > LONGEST:
        return low, high
    for k in range(length):
        c = buf[start + k]
        if not ((c >= 65 and c <= 90) or (c >= 48 and c <= 57)):
            return np.uint64(0), np.uint64(0)
        if k < 8:
            low |= np.uint64(c) << np.uint64(8 * k)
        else:
            high |= np.uint64(c) << np.uint64(8 * (k - 8))
    return low, high


@kernel
def slot_of(table, low, high):
    """Where a name stands in the table, or where it would."""
    mask = np.uint64(table.shape[0] - 1)
    h = (low ^ (high * np.uint64(0x9E3779B97F4A7C15))) * np.uint64(0xBF58476D1CE4E5B9)
    slot = (h ^ (h >> np.uint64(29))) & mask
    while table[slot].low != np.uint64(0) and not (table[slot].low == low and table[slot].high == high):
        slot = (slot + np.uint64(1)) & mask
    return slot


@kernel
def add_name(table, buf, number):
    """Enter a well-formed name (its bytes) under `number`."""
    low, high = pack(buf, 0, buf.shape[0])
    slot = slot_of(table, low, high)
    table[slot].low = low
    table[slot].high = high
    table[slot].id = number


@kernel
def stream_of(streams, count, broker, line, session, last):
    """The stream of (broker, line, session), most likely the `last` one; NO_STREAM where it is not known."""
    if last != NO_STREAM and streams[last].line == line and streams[last].session == session:
        return last
    for x in range(count):
        if streams[x].broker == broker and streams[x].line == line and streams[x].session == session:
            return x
    return NO_STREAM


@kernel
def streams_of(streams, count, broker, lines, sessions, out):
    """Fill `out` with the stream of each (line, session) of one broker. Returns how many were not known."""
    unknown = 0
    last = NO_STREAM
    for i in range(lines.shape[0]):
        last = stream_of(streams, count, broker, lines[i], sessions[i], last)
        out[i] = last
        if last == NO_STREAM:
            unknown += 1
    return unknown


class Symbols:
    """The symbols of a shard in order of first appearance."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.table = np.zeros(64, NAME)

    def enter(self, name: str) -> int:
        """The id of `name`, a new one if need be."""
        if name in self.names:
            return self.names.index(name)
        if 2 * len(self.names) >= len(self.table):
            self.table = np.zeros(2 * len(self.table), NAME)
            for number, known in enumerate(self.names):
                add_name(self.table, np.frombuffer(known.encode(), np.uint8), number)
        add_name(self.table, np.frombuffer(name.encode(), np.uint8), len(self.names))
        self.names.append(name)
        return len(self.names) - 1

"""Closed vocabularies. Enum order is the order of the Avro enum symbols: the integer on the wire is the position."""

from enum import IntEnum, IntFlag, StrEnum


class Line(IntEnum):
    """Redundant session of one broker."""

    A = 0
    B = 1
    C = 2
    D = 3


class Flag(IntFlag):
    """Bits of `Tick.flags`."""

    SNAPSHOT = 1
    CROSSED = 2
    BACKFILLED = 4
    BAD_CLOCK = 8


class SessionKind(IntEnum):
    """What a `SessionRecord` says."""

    SESSION_START = 0
    HEARTBEAT = 1
    SESSION_END = 2


class Feed(IntEnum):
    """Where a session's ticks come from: a live broker, a recorded tape, or a simulation over one."""

    LIVE = 0
    REPLAY = 1
    SIMULATED = 2


class ControlKind(IntEnum):
    """What a `TierControl` says."""

    HEARTBEAT = 0
    STALE = 1
    FRESH = 2
    GAP = 3
    SESSION = 4


class GapCause(StrEnum):
    """Why ticks of a broker are missing: the `reason` of a GAP, in words."""

    MISSING = "missing"
    """Sequences of one of a broker's lines did not come."""
    SESSION_LOST = "session_lost"
    """The broker gave no sign of life for longer than the heartbeat time-out, and had not said that it ends."""
    LINE_LOST = "line_lost"
    """One line of the broker did, while another carried on. No tick is missing: the ledger says so, and no GAP does."""


class QuoteState(IntEnum):
    """State of a composite (SEMANTICS section 3)."""

    NORMAL = 0
    LOCKED = 1
    CROSSED = 2
    ONE_SIDED = 3
    STALE = 4


class BrokerStatus(IntEnum):
    """Why a broker's quote is, or is not, part of a composite."""

    ELIGIBLE = 0
    NO_QUOTE = 1
    SESSION_LOST = 2
    QUARANTINED = 3
    ONE_SIDED = 4


class Drop(IntEnum):
    """Why a tick did not reach a composite. Every value is a column of `QualityWindow` and a line of the summary."""

    APPLIED = 0
    DUPLICATE = 1
    """The same (broker, line, session, sequence) again."""
    LINE_DUPLICATE = 2
    """Another line or an earlier session has already delivered it within the horizon."""
    UNCHANGED = 3
    """Same bid, ask and sizes as the broker's quote before; it refreshes freshness."""
    LATE = 4
    """A sequence that was skipped and came after a newer one."""
    BACKFILLED = 5
    """Filled in afterwards; never enters the live order."""
    INVALID = 6
    """Neither side has a positive, finite price: dead-lettered."""

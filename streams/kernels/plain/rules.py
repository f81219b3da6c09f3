"""The limits the stream kernels judge by."""

from dataclasses import dataclass

from tierfeed.domain.selection import FOR_S, REST_S

SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Values of StreamSettings in the kernels' unit, microseconds of the sessions' clock."""

    heartbeat_timeout_us: int = 10 * SECOND_US
    """A stream, and with its last stream the broker, is gone when it is silent for longer."""
    quote_lifetime_us: int = 600 * SECOND_US
    """A held quote is forgotten when it gets this old without being repeated."""
    line_horizon_us: int = 60 * SECOND_US
    """How long another line's copy of a tick is recognised."""
    jump_spreads: float = 20.0
    """A mid is suspect when it moves by more than this many median spreads …"""
    jump_percent: float = 0.5
    """… and by more than this many percent."""
    lead_for_s: int = FOR_S
    """A broker takes the lead when it has been so much better for so long …"""
    lead_rest_s: int = REST_S
    """… and the last such switch is this long ago."""

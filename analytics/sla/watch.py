"""Who can be relied on, second by second: liveness, freshness and activity kept apart (SEMANTICS 3 and 5). Pure.

A quiet symbol is not an outage: what counts against a broker is that others tick the same symbol meanwhile. The limits
are in seconds in which another broker ticked. On the real tapes of a week, OANDA against FXCM and the reverse, the
worst was 63 for a symbol and 27 for all symbols of a broker at once, the pause at the day's end left out.
"""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MUTE_SYMBOL_S: Final = 90
MUTE_BROKER_S: Final = 40
_NEVER: Final = -(2**62)
NOBODY: Final = frozenset[str]()


class Standing(StrEnum):
    """A broker's quote of one symbol."""

    ELIGIBLE = "eligible"
    NO_QUOTE = "no_quote"
    """None within the lifetime of a quote."""
    MUTE = "mute"
    """Connected, and silent while others tick."""
    SESSION_LOST = "session_lost"


@dataclass(frozen=True, slots=True)
class Limits:
    """In seconds; as the stream workers have them."""

    heartbeat_timeout_s: int = 10
    quote_lifetime_s: int = 600


class Watch:
    """Give it every second that anything was heard in, in order. Seconds are those of the sessions' clock."""

    def __init__(self, limits: Limits, quoted: Mapping[tuple[str, str], int] | None = None) -> None:
        """`quoted`: by (broker, symbol), the second of the last tick that is known from before."""
        self._limits = limits
        self._alive: dict[str, int] = {}
        self._last = dict(quoted or {})
        self._brokers_of: dict[str, list[str]] = {}
        for broker, symbol in self._last:
            self._brokers_of.setdefault(symbol, []).append(broker)
        self._unanswered: dict[tuple[str, str], int] = {}
        self._silent: dict[str, int] = {}

    def hear(self, at: int, heard: Mapping[str, Set[str]], paused: Set[str] = NOBODY) -> None:
        """The second that begins at `at`: of each broker that gave a sign of life, the symbols that ticked.

        What others tick while a broker is `paused` does not count against it.
        """
        for broker, symbols in heard.items():
            self._alive[broker] = at
            for symbol in symbols:
                self._ticked(broker, symbol, at)
        waiting: set[str] = set()
        for symbol in {symbol for symbols in heard.values() for symbol in symbols}:
            for broker in self._brokers_of[symbol]:
                if broker not in paused and symbol not in heard.get(broker, NOBODY):
                    self._unanswered[broker, symbol] = self._unanswered.get((broker, symbol), 0) + 1
                    if not heard.get(broker):
                        waiting.add(broker)
        for broker in waiting:
            self._silent[broker] = self._silent.get(broker, 0) + 1
        for broker in paused:
            self._forgive(broker)

    def _ticked(self, broker: str, symbol: str, at: int) -> None:
        if (broker, symbol) not in self._last:
            self._brokers_of.setdefault(symbol, []).append(broker)
        self._last[broker, symbol] = at
        self._unanswered[broker, symbol] = self._silent[broker] = 0

    def _forgive(self, broker: str) -> None:
        """A pause says nothing of what comes after it."""
        self._silent.pop(broker, None)
        for pair in [pair for pair in self._unanswered if pair[0] == broker]:
            del self._unanswered[pair]

    def standing(self, broker: str, symbol: str, end: int) -> Standing:
        """As of the second that ends at `end`."""
        if end - self._alive.get(broker, _NEVER) > self._limits.heartbeat_timeout_s:
            return Standing.SESSION_LOST
        if self._unanswered.get((broker, symbol), 0) >= MUTE_SYMBOL_S or self._silent.get(broker, 0) >= MUTE_BROKER_S:
            return Standing.MUTE
        if not self._has_quote(broker, symbol, end):
            return Standing.NO_QUOTE
        return Standing.ELIGIBLE

    def is_quiet(self, symbol: str, end: int) -> bool:
        """Whether nobody at all has a quote of it."""
        return not any(self._has_quote(broker, symbol, end) for broker in self._brokers_of.get(symbol, ()))

    def symbols_of(self, brokers: Iterable[str]) -> frozenset[str]:
        """What any of them has ever ticked."""
        wanted = set(brokers)
        return frozenset(symbol for symbol, known in self._brokers_of.items() if not wanted.isdisjoint(known))

    def _has_quote(self, broker: str, symbol: str, end: int) -> bool:
        return end - self._last.get((broker, symbol), _NEVER) <= self._limits.quote_lifetime_s

"""The lines that are watched because they do not tick while others of their brokers do."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

import structlog

from analytics.sla.lines import Watch
from analytics.sla.sessions import Sessions
from analytics.summary import Questions
from tierfeed.domain.words import Line

log = structlog.get_logger(__name__)

KEPT_S: Final = 60
"""A line that nobody has asked about for so long is watched no more."""


class Watches:
    """One for each silence: of a topic, no record is read twice. Seconds are the sessions'. Raises UpstreamError."""

    def __init__(self, questions: Questions, sessions: Sessions, timeout_s: int) -> None:
        self._questions, self._sessions, self._timeout_s = questions, sessions, timeout_s
        self._of: dict[tuple[str, Line, int], Watch] = {}
        self._unreadable: set[tuple[str, Line, int]] = set()

    def silences(
        self, broker: str, line: Line, second: int, clock: int, until: int | None = None
    ) -> Mapping[int, int | None]:
        """When a line was silent, and another was not, behind a second in which it was there."""
        key = broker, line, second
        if key not in self._of:
            at = f"{datetime.fromtimestamp(second, UTC):%F %T}"
            places = self._questions.ask("gaps_place", {"broker": broker, "at": at})
            if not places:
                return {}  # older than what is stored
            place = places[0]["topic"], places[0]["partition"], places[0]["offset"]
            self._of[key] = Watch(line, second, self._timeout_s, *place)
        watch = self._of[key]
        watch.asked, watch.until = clock, until or watch.until
        if watch.is_due(clock) and not self._sessions.follow(watch) and key not in self._unreadable:
            self._unreadable.add(key)
            log.warning("silence", broker=broker, line=line.name, second=second, why="its records cannot be read")
        return watch.silences

    def back(self, broker: str, line: Line, second: int, clock: int) -> int | None:
        """When a silence that begins with a second was over, by whoever watches the line already."""
        # It may have beaten on behind its last tick, by which it is watched.
        keys = [key for key, watch in self._of.items() if key[:2] == (broker, line) and second in watch.silences]
        return self.silences(broker, line, keys[0][2] if keys else second, clock).get(second)

    def forget(self, clock: int) -> None:
        self._of = {key: watch for key, watch in self._of.items() if clock - watch.asked < KEPT_S}

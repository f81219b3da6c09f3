"""When one of a broker's lines was silent while another carried on: its session records tell. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tierfeed.domain.words import Line, SessionKind


@dataclass(slots=True)
class Watch:
    """Takes in a broker's session records, in order: when one of its lines was silent while another carried on. Pure.

    In seconds of the sessions' clock. Where the whole broker was silent, too, the line's silence begins when another is
    back: before, it is a lost session. `until`: when the line ticked again, and what is later needs no watch.
    """

    line: Line
    begin: int
    """The last second with a sign of life of the line, or in which another came back."""
    timeout_s: int
    topic: str
    partition: int
    offset: int
    """Where its records go on that have not been heard."""
    until: int | None = None
    asked: int = 0
    """When somebody wanted to know of it last."""
    silences: dict[int, int | None] = field(default_factory=dict)
    """By their last second before: the first one with a sign of life again."""
    _heard: int = 0
    _has_ended: bool = False
    _is_over: bool = False

    def is_due(self, clock: int) -> bool:
        """Whether it can be silent for too long by now."""
        return not self._is_over and clock - self.begin - 1 > self.timeout_s

    def hear(self, record: Mapping[str, Any]) -> bool:
        """False once nothing more need be heard."""
        second = int(record["time"].timestamp())
        if self.until is not None and second >= self.until:
            self._is_over = True
            self._back(self.until)
            return False
        is_end = record["kind"] == SessionKind.SESSION_END.name
        if Line[record["line"]] is self.line:
            if not is_end or record["reason"] is None:  # one out of the planned course says its reason
                self._has_ended = is_end
                self._back(second)
        elif not is_end:
            self._carried_on(second)
        return True

    def _back(self, second: int) -> None:
        if second <= self.begin:
            return
        if self.begin in self.silences:
            self.silences[self.begin] = second
        self.begin = second

    def _carried_on(self, second: int) -> None:
        before = max(self._heard, self.begin)
        if second <= before:
            return
        self._heard = second
        if self._has_ended:
            return
        if self.begin not in self.silences and second - before - 1 > self.timeout_s:
            self.begin = second
        elif second - self.begin - 1 > self.timeout_s:
            self.silences.setdefault(self.begin, None)

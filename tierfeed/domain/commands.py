"""Commands to collectors and stream workers: what can be asked, how far each one is, and who has to obey it. Pure.

A command is asked once, accepted by the part that obeys, and done, failed or refused. What holds for a time is reverted
at its end. Whoever starts reads all steps that there are and goes on from them, so a part that dies in the middle
resumes: it never does a thing twice. Times are microseconds since 1970.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from tierfeed.domain.words import Line


class Action(IntEnum):
    """What is to be done. Order is that of the Avro enum."""

    START_LINE = 0
    """A redundant session of a broker begins on a line."""
    STOP_LINE = 1
    START_SESSION = 2
    """A broker's collector that stands by, or was stopped, begins on the lines it has."""
    STOP_SESSION = 3
    FILL_GAP = 4
    """What is missing of a span is filled in from the broker's history, flagged BACKFILLED."""
    SWITCH_LEAD = 5
    """The broker leads for a symbol of a tier for a time, as long as it is able to."""
    ADMIT_BROKER = 6
    """The broker is one of a tier's for a time."""


class Step(IntEnum):
    """How far a command is. Order is that of the Avro enum."""

    ASKED = 0
    ACCEPTED = 1
    DONE = 2
    REFUSED = 3
    FAILED = 4
    REVERTED = 5


OF_COLLECTORS: Final = frozenset(
    {Action.START_LINE, Action.STOP_LINE, Action.START_SESSION, Action.STOP_SESSION, Action.FILL_GAP}
)
OF_STREAMS: Final = frozenset({Action.SWITCH_LEAD, Action.ADMIT_BROKER})
FOLLOWS: Final = {
    None: frozenset({Step.ASKED}),
    Step.ASKED: frozenset({Step.ACCEPTED, Step.DONE, Step.REFUSED, Step.FAILED, Step.REVERTED}),
    Step.ACCEPTED: frozenset({Step.DONE, Step.FAILED, Step.REVERTED}),
    Step.DONE: frozenset({Step.REVERTED}),
    Step.REFUSED: frozenset[Step](),
    Step.FAILED: frozenset[Step](),
    Step.REVERTED: frozenset[Step](),
}
"""What may come next; anything else was told twice, or by somebody who had not heard the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What is asked. Which fields an action needs is in `problems`."""

    id: str
    action: Action
    broker: str
    deadline_us: int
    """Who has not begun it by then refuses it."""
    tier: str | None = None
    symbol: str | None = None
    line: Line | None = None
    from_us: int | None = None
    to_us: int | None = None
    """Within the span: gaps are told by the ticks at their edges."""
    until_us: int | None = None
    incident: str | None = None

    def problems(self) -> Iterator[str]:
        """Everything that is wrong with it."""
        needed = {
            Action.START_LINE: ("line",),
            Action.STOP_LINE: ("line",),
            Action.FILL_GAP: ("line", "from_us", "to_us"),
            Action.SWITCH_LEAD: ("tier", "symbol", "until_us"),
            Action.ADMIT_BROKER: ("tier", "until_us"),
        }.get(self.action, ())
        for name in needed:
            if getattr(self, name) is None:
                yield f"{self.action.name} needs {name.removesuffix('_us')}"
        if self.from_us is not None and self.to_us is not None and self.from_us > self.to_us:
            yield f"from must not be later than to, was {self.from_us} and {self.to_us}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One step of a command, and who told it when."""

    command: Command
    step: Step
    time_us: int
    by: str
    reason: str | None = None
    ticks: int | None = None


@dataclass(slots=True)
class Orders:
    """Every command there is, and how far it is. Give it what the topic holds, in the order of each partition."""

    last: dict[str, Said] = field(default_factory=dict)
    """By command id: the newest step that counts."""
    asked: dict[str, Said] = field(default_factory=dict)
    """By command id, in the order they were asked."""
    done_us: dict[str, int] = field(default_factory=dict)
    """By command id, since when what was done has been so."""
    reverted_us: dict[str, int] = field(default_factory=dict)

    def hear(self, said: Said) -> bool:
        """Take in a step. False where it tells nothing new."""
        before = self.last.get(said.command.id)
        if said.step not in FOLLOWS[None if before is None else before.step]:
            return False
        self.last[said.command.id] = said
        if said.step in (Step.DONE, Step.REVERTED):
            times = self.done_us if said.step is Step.DONE else self.reverted_us
            times[said.command.id] = said.time_us
        if said.step is Step.ASKED:
            self.asked[said.command.id] = said
        return True

    def step(self, command_id: str) -> Step | None:
        """None: nobody has asked for it."""
        said = self.last.get(command_id)
        return None if said is None else said.step

    def open(self, actions: frozenset[Action], broker: str | None = None) -> list[Command]:
        """Asked or accepted, and without an end; in the order they were asked."""
        return [
            said.command
            for said in self.asked.values()
            if said.command.action in actions
            and broker in (None, said.command.broker)
            and self.last[said.command.id].step in (Step.ASKED, Step.ACCEPTED)
        ]

    def done(self, actions: frozenset[Action], broker: str | None = None) -> list[Command]:
        """Done, and not reverted, in the order they were asked."""
        return [
            said.command
            for said in self.asked.values()
            if said.command.action in actions
            and broker in (None, said.command.broker)
            and self.last[said.command.id].step is Step.DONE
        ]

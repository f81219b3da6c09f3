"""What stream workers are ordered on `control`: which of it is in force, and what is to be answered. Pure.

Every worker obeys by reading the topic alone: a command is in force from a second after it was asked until its time is
over, or somebody takes it back, whoever has answered it. So one that dies in the middle resumes it, and two workers
never differ. Only the owner of one shard answers: of the symbol's, or of the command's own partition.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from streams.membership import Order
from tierfeed.domain.commands import OF_STREAMS, Action, Command, Orders, Said, Step
from tierfeed.domain.features import Feature
from tierfeed.domain.partitions import partition_of
from tierfeed.domain.tiers import Tier

BY: Final = "streams"
ENDS: Final = frozenset({Step.REFUSED, Step.FAILED, Step.REVERTED})
KEPT_US: Final = 86_400_000_000
"""What ended longer ago is in no tick that is read again."""
SECOND_US: Final = 1_000_000
HEARD_US: Final = SECOND_US
"""So long after it was told a step takes effect. By then every worker has heard it, so all of them, and whoever takes
over and reads that time again, go by it from the same second on. Where one heard it later, and another took over before
it had told that a broker came, that is told by the symbol's next update only."""
OVER: Final = "its time is over"


@dataclass(frozen=True, slots=True)
class View:
    """One shard of this worker: its sessions' clock, the orders in force, and the symbols it has if it knows all."""

    clock_us: int
    in_force: frozenset[str]
    symbols: Sequence[str] | None = None


class Duties:
    """All commands to stream workers, and how far they are."""

    def __init__(self, brokers: Sequence[str], tiers: Sequence[Tier]) -> None:
        self._brokers, self._tiers = brokers, {tier.name: tier for tier in tiers}
        self._orders = Orders()
        self._open: dict[str, Command] = {}
        """Without an end as yet, in the order they were asked."""
        self._in_time: set[str] = set()
        """Heard before their deadlines."""
        self.version = 0
        """Another one whenever other orders are in force."""

    def hear(self, said: Said) -> None:
        """Take in a step; told twice it changes nothing."""
        command = said.command
        if command.action not in OF_STREAMS or not self._orders.hear(said):
            return
        if said.step is Step.ASKED:
            self._open[command.id] = self._orders.asked[command.id].command
        elif said.step in ENDS:
            self._open.pop(command.id, None)
        self.version += 1

    def look(self, wall_us: int) -> None:
        """All that is there has been heard: what nobody has begun is in time now, or never."""
        for name, command in self._open.items():
            if name not in self._in_time and wall_us <= command.deadline_us:
                self._in_time.add(name)
                self.version += 1

    def in_force(self, ahead_us: int, wall_us: int) -> list[Order]:
        """With the times between which each holds, by a sessions' clock so far ahead of the wall's; the newest last.

        Those that are over are told, too, for as long as a worker may read ticks of that time again.
        """
        # By what they say: two workers may hear the topic's partitions in another order.
        return sorted(self._obeyed(ahead_us, wall_us), key=lambda order: (order.since_us, order.id))

    def _obeyed(self, ahead_us: int, wall_us: int) -> Iterator[Order]:
        for name, asked in self._orders.asked.items():
            command, last = asked.command, self._orders.last[name]
            until_us = command.until_us
            has_ended = last.step in ENDS
            if until_us is None or last.step is Step.REFUSED or (has_ended and last.time_us < wall_us - KEPT_US):
                continue
            if self._impossible(command) or (last.step is Step.ASKED and name not in self._in_time):
                continue
            if has_ended:
                until_us = min(until_us, last.time_us + HEARD_US + ahead_us)
            symbol = command.symbol if command.action is Action.SWITCH_LEAD else None
            since_us = asked.time_us + HEARD_US + ahead_us
            yield Order(name, str(command.tier), command.broker, symbol, since_us, until_us)

    def answers(self, shards: Mapping[int, View], partitions: int, wall_us: int) -> list[Said]:
        """The next step of each command that one of these shards answers, where there is one."""
        told = []
        for command in self._open.values():
            home = command.symbol if command.action is Action.SWITCH_LEAD and command.symbol else command.broker
            view = shards.get(partition_of(home, partitions))
            step, reason = (None, None) if view is None else self._next(command, view)
            if step is not None:
                told.append(Said(command=command, step=step, time_us=wall_us, by=BY, reason=reason))
        return told

    def _next(self, command: Command, view: View) -> tuple[Step | None, str | None]:
        step, until_us = self._orders.step(command.id), command.until_us or 0
        if step is Step.ASKED:
            reason = self._refusal(command, view)
            return (Step.REFUSED, reason) if reason else (Step.ACCEPTED, None)
        if step is Step.ACCEPTED and command.id in view.in_force:
            return Step.DONE, None
        # A second later than its time it has ended in the shard, too.
        return (Step.REVERTED, OVER) if view.clock_us >= until_us + SECOND_US else (None, None)

    def _refusal(self, command: Command, view: View) -> str | None:
        if reason := self._impossible(command):
            return reason
        if command.id not in self._in_time:
            return "its deadline was over when it was heard"
        if view.clock_us >= (command.until_us or 0):
            return "its time was over before it began"
        if command.action is Action.SWITCH_LEAD and view.symbols is not None and command.symbol not in view.symbols:
            return f"no broker quotes {command.symbol}"
        return None

    def _impossible(self, command: Command) -> str | None:
        """Why it can never be obeyed here, in words; None where it can."""
        if problems := "; ".join(command.problems()):
            return problems
        tier = self._tiers.get(command.tier or "")
        if tier is None:
            return f"there is no tier {command.tier!r}, there are {', '.join(self._tiers)}"
        if command.broker not in self._brokers:
            return f"broker {command.broker!r} is not known, there are {', '.join(self._brokers)}"
        of = self._no_lead if command.action is Action.SWITCH_LEAD else self._no_admission
        return of(command, tier)

    @staticmethod
    def _no_admission(command: Command, tier: Tier) -> str | None:
        if command.broker in tier.brokers:
            return f"{command.broker} is one of tier {tier.name}'s own brokers"
        if command.broker not in tier.emergency:
            allowed = ", ".join(tier.emergency) or "nobody"
            return f"tier {tier.name} may not admit {command.broker}: its contracts allow {allowed}"
        return None

    @staticmethod
    def _no_lead(command: Command, tier: Tier) -> str | None:
        if Feature.PRIORITY_ROUTING not in tier.features:
            return f"nobody leads in tier {tier.name}: it does not have {Feature.PRIORITY_ROUTING.value}"
        if not tier.carries(str(command.symbol)):
            return f"tier {tier.name} does not carry {command.symbol!r}"
        if command.broker not in (*tier.brokers, *tier.emergency):
            return f"{command.broker} is none of tier {tier.name}'s brokers: {', '.join(tier.brokers)}"
        return None

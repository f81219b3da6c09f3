"""What can be done about a breach, and by whom: the choices of a remedy. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from analytics.sla.incidents import Event, EventKind
from tierfeed.domain.commands import Action, Command, Orders
from tierfeed.domain.objectives import Objective
from tierfeed.domain.tiers import Tier
from tierfeed.domain.words import Line

MICRO: Final = 1_000_000
BEGIN_S: Final = 10
"""Whoever is to obey has begun by then."""
IN_FORCE_S: Final = 1800
"""A broker is admitted, or leads by command, for so long."""
SLOW_US: Final = 250_000
"""A feed is late that takes longer (the T of a broker's score)."""
COMPARED_S: Final = 10
COMPARED: Final = 3
"""A better broker has to be better in so many spans of COMPARED_S seconds, one behind the other."""

Feed = Mapping[tuple[str, str], int]
"""By (broker, symbol): what 99 % of the ticks of a span took at most, in microseconds."""


class World(Protocol):
    """What is known up to `now`."""

    now: int
    wall_us: int
    orders: Orders

    def unable(self, tier: Tier, broker: str) -> str:
        """Why the broker cannot be relied on for the tier's symbols; empty where it can."""

    def was_good(self, tier: Tier, objective: Objective, since: int) -> bool:
        """Whether the last GOOD_S seconds, all of them after `since`, were good."""

    def feed(self, start: int, end: int) -> Feed: ...

    def leads(self, tier: Tier) -> Mapping[str, str]:
        """By symbol, who leads."""

    def gaps(self, brokers: Sequence[str], start: int, end: int) -> Mapping[str, int]:
        """How many gaps of brokers touch a span, by their state."""


@dataclass(slots=True)
class Remedy:
    """One incident's, and how far it is."""

    first: Event
    """The breach, or what was detected; the other steps are told like it."""
    phase: EventKind
    since: int
    action: Action | None = None
    command: str | None = None
    over: bool = False
    """The promise is kept again."""

    @property
    def key(self) -> tuple[str, Objective, str | None]:
        return self.first.subject.tier, self.first.objective, self.first.symbol


def candidates(remedy: Remedy, tier: Tier, world: World) -> list[Command]:
    """What can be asked for, the best first; what was asked for already is left out."""
    objective = remedy.first.objective
    if objective is Objective.UPTIME:
        found = _admissions(remedy, tier, world)
    elif objective is Objective.REDUNDANCY:
        found = _lines(remedy, tier, world)
    elif objective is Objective.LATENCY:
        found = _better(remedy, tier, world)
    else:
        found = []
    return [command for command in found if world.orders.step(command.id) is None]


def _command(remedy: Remedy, world: World, action: Action, broker: str, line: Line | None = None) -> Command:
    of_streams = action in (Action.SWITCH_LEAD, Action.ADMIT_BROKER)
    on_line = "" if line is None else f"/{line.name}"
    return Command(
        id=f"{remedy.first.incident}/{action.name.lower()}/{broker}{on_line}",
        action=action,
        broker=broker,
        deadline_us=world.wall_us + BEGIN_S * MICRO,
        tier=remedy.first.subject.tier if of_streams else None,
        symbol=remedy.first.symbol if of_streams else None,
        line=line,
        until_us=world.wall_us + IN_FORCE_S * MICRO if of_streams else None,
        incident=remedy.first.incident,
    )


def _admissions(remedy: Remedy, tier: Tier, world: World) -> list[Command]:
    admitted = {
        command.broker
        for command in world.orders.done(frozenset({Action.ADMIT_BROKER}))
        if command.tier == tier.name and (command.until_us or 0) > world.wall_us
    }
    return [
        _command(remedy, world, Action.ADMIT_BROKER, broker)
        for broker in tier.emergency
        if broker not in admitted and not world.unable(tier, broker)
    ]


def _lines(remedy: Remedy, tier: Tier, world: World) -> list[Command]:
    """Of each broker that is not there another line; last, the broker as a whole. It refuses what it has not."""
    return [
        command
        for broker in tier.brokers
        if world.unable(tier, broker)
        for command in (
            *(_command(remedy, world, Action.START_LINE, broker, line) for line in Line if line is not Line.A),
            _command(remedy, world, Action.START_SESSION, broker),
        )
    ]


def _better(remedy: Remedy, tier: Tier, world: World) -> list[Command]:
    symbol = remedy.first.symbol
    leading = None if symbol is None else world.leads(tier).get(symbol)
    if symbol is None or leading is None:
        return []
    best = quicker(tier, symbol, leading, spans_of(world), world)
    return [] if best is None else [_command(remedy, world, Action.SWITCH_LEAD, best)]


def why_nobody(remedy: Remedy, tier: Tier, world: World) -> str:
    """Why there is nothing that could be asked for, in words."""
    objective = remedy.first.objective
    if objective is Objective.UPTIME:
        unable = [f"{broker} is {world.unable(tier, broker) or 'admitted'}" for broker in tier.emergency]
        return "; ".join(unable) or f"no broker may be admitted to {tier.name}"
    if objective is Objective.REDUNDANCY:
        return "every broker is there: what lacks is another feed"
    return "no broker is better any more"


def spans_of(world: World) -> list[Feed]:
    """The newest that a better broker has to be better in."""
    ends = range(world.now - (COMPARED - 1) * COMPARED_S, world.now + 1, COMPARED_S)
    return [world.feed(end - COMPARED_S, end) for end in ends]


def quicker(tier: Tier, symbol: str, leading: str, spans: Sequence[Feed], world: World) -> str | None:
    """The quickest of those that took a fifth less in every span; None: there is none."""
    able = [broker for broker in tier.brokers if broker != leading and not world.unable(tier, broker)]
    better = [
        broker
        for broker in able
        if all(
            (broker, symbol) in feed
            and (leading, symbol) in feed
            and feed[broker, symbol] * 5 <= feed[leading, symbol] * 4
            for feed in spans
        )
    ]
    return min(better, key=lambda broker: spans[-1][broker, symbol], default=None)


def is_late(spans: Iterable[Feed], broker: str, symbol: str) -> bool:
    """Whether a broker's ticks took too long in all of them."""
    return all(feed.get((broker, symbol), 0) > SLOW_US for feed in spans)


def what(command: Command) -> str:
    """A command in words."""
    line = "" if command.line is None else f" {command.line.name}"
    return f"{command.action.name.lower().replace('_', ' ')} {command.broker}{line}"

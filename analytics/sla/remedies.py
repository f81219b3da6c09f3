"""What is done about a breach: closed loops with guard, time limit, verification and a way back (SEMANTICS 6). Pure.

detected → guarded → acting → verifying → resolved | reverted | escalated. Every step is an event that is told once. A
command's id is made of the incident's and of what is asked, so whoever goes on after a kill asks for nothing twice: it
learns from the events how far each remedy was, and from the commands what had been asked.

Times are whole seconds since 1970 of the sessions' clock; those of commands are the wall's, in microseconds.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from analytics.sla.choices import (
    BEGIN_S,
    COMPARED,
    COMPARED_S,
    MICRO,
    SLOW_US,
    Remedy,
    World,
    candidates,
    is_late,
    quicker,
    spans_of,
    what,
    why_nobody,
)
from analytics.sla.incidents import REMEDIES, Event, EventKind, Subject
from tierfeed.domain.commands import Action, Command, Said, Step
from tierfeed.domain.features import Feature
from tierfeed.domain.objectives import Objective
from tierfeed.domain.tiers import Tier

REMEDY: Final = "remedy"
"""Who asks."""
HOUR_S: Final = 3600
MOST_AN_HOUR: Final = 3
"""So often at most is the same thing done for the same tier, symbol or broker: nothing flaps."""
ANSWER_S: Final = 30
"""And has told its end by then."""
VERIFY_S: Final[Mapping[Objective, int]] = {
    Objective.LATENCY: 60,
    Objective.COMPLETENESS: 1800,
    Objective.UPTIME: 120,
    Objective.REDUNDANCY: 240,
}
"""What was done has to have helped by then, or it is taken back."""
GOOD_S: Final = 60
REST_S: Final = 1200
"""Of one symbol, the next remedy of a slow lead comes so long after the last at the earliest."""
FILLED: Final = "filled"
PENDING: Final = frozenset({"suspected", "confirmed", "filling"})

ENDS: Final = frozenset({EventKind.RESOLVED, EventKind.REVERTED, EventKind.ESCALATED})
ACTIONS: Final[Mapping[Objective, Action]] = {
    Objective.LATENCY: Action.SWITCH_LEAD,
    Objective.COMPLETENESS: Action.FILL_GAP,
    Objective.UPTIME: Action.ADMIT_BROKER,
    Objective.REDUNDANCY: Action.START_LINE,
}
BACK: Final[Mapping[Action, Action]] = {
    Action.START_LINE: Action.STOP_LINE,
    Action.START_SESSION: Action.STOP_SESSION,
}
"""What takes it back. What holds for a time is taken back by telling REVERTED of its own command."""

TAKEN_BACK: Final = "/back"
"""What the id of the reverse ends with."""

Told = Said | Event


@dataclass(slots=True)
class Remedies:
    """All that are under way. `hear` what is told, in order, also what was told before this process was."""

    tiers: Mapping[str, Tier]
    open: dict[str, Remedy] = field(default_factory=dict)
    """By incident."""
    _slow: dict[tuple[str, str], int] = field(default_factory=dict)
    """By (tier, symbol): when a slow lead was last detected."""
    _looked: int = 0

    def hear(self, event: Event) -> None:
        """A breach, a recovery, or a step of a remedy."""
        remedy = self.open.get(event.incident)
        if event.kind is EventKind.BREACH and event.subject.tier in self.tiers and remedy is None:
            self.open[event.incident] = Remedy(event, EventKind.BREACH, event.time)
        elif event.kind is EventKind.RECOVERY and remedy is not None:
            remedy.over = True
            if remedy.phase is EventKind.BREACH:
                del self.open[event.incident]
        elif event.kind in REMEDIES:
            if event.kind is EventKind.DETECTED and event.symbol is not None:
                self._slow[event.subject.tier, event.symbol] = event.time
            if remedy is None and event.kind is EventKind.DETECTED:
                remedy = self.open[event.incident] = Remedy(event, event.kind, event.time)
            if remedy is not None:
                self._move(remedy, event)

    def _move(self, remedy: Remedy, event: Event) -> None:
        remedy.phase, remedy.since = event.kind, event.time
        remedy.command = event.command or remedy.command
        remedy.action = Action[event.action] if event.action else remedy.action
        if event.kind in ENDS:
            del self.open[remedy.first.incident]

    def step(self, world: World) -> Iterator[Told]:
        """What is to be told and asked now, in this order. Each is heard before the next is worked out."""
        for remedy in list(self.open.values()):
            for _ in range(len(EventKind)):  # as many steps as there can be at once
                told = list(self._steps(remedy, world))
                yield from told
                if not any(isinstance(each, Event) for each in told) or remedy.first.incident not in self.open:
                    break
        yield from self._slow_leads(world)

    def _steps(self, remedy: Remedy, world: World) -> Iterator[Told]:
        match remedy.phase:
            case EventKind.BREACH:
                yield self._event(remedy, world, EventKind.DETECTED)
            case EventKind.DETECTED:
                yield from self._guarded(remedy, world)
            case EventKind.GUARDED:
                yield from self._next(remedy, world)
            case EventKind.ACTING:
                yield from self._acting(remedy, world)
            case EventKind.VERIFYING:
                yield from self._verifying(remedy, world)

    def _event(
        self, remedy: Remedy, world: World, kind: EventKind, detail: str | None = None, command: Command | None = None
    ) -> Event:
        action = ACTIONS[remedy.first.objective] if command is None else command.action
        event = replace(
            remedy.first,
            kind=kind,
            time=max(world.now, remedy.since),
            action=(remedy.action or action).name if command is None else action.name,
            command=remedy.command if command is None else command.id,
            detail=detail,
        )
        self.hear(event)
        return event

    def _tier(self, remedy: Remedy) -> Tier:
        return self.tiers[remedy.first.subject.tier]

    # -- guard

    def _guarded(self, remedy: Remedy, world: World) -> Iterator[Event]:
        if remedy.over:
            yield self._event(remedy, world, EventKind.RESOLVED, "over before anything was done")
        elif not self._is_under_way(remedy):
            refusal = self._refusal(remedy, world)
            kind = EventKind.GUARDED if refusal is None else EventKind.ESCALATED
            yield self._event(remedy, world, kind, refusal or "nothing stands against it")

    def _is_under_way(self, remedy: Remedy) -> bool:
        """The same for another customer: it may be all that is needed. Tiers share the lines of their brokers."""
        others = (
            each
            for each in self.open.values()
            if each is not remedy
            and each.first.objective is remedy.first.objective
            and (each.key == remedy.key or each.first.objective is Objective.REDUNDANCY)
        )
        return any(each.phase not in (EventKind.BREACH, EventKind.DETECTED) for each in others)

    def _refusal(self, remedy: Remedy, world: World) -> str | None:
        tier, objective = self._tier(remedy), remedy.first.objective
        if objective is Objective.LATENCY and remedy.first.symbol is None:
            return "it is the pipeline's own latency: no broker can help"
        if objective is Objective.COMPLETENESS:
            found = world.gaps(tier.brokers, remedy.first.began - GOOD_S, world.now)
            return None if found else "nothing is missing of the brokers: updates were not covered in time"
        if not candidates(remedy, self._tier(remedy), world):
            return why_nobody(remedy, self._tier(remedy), world)
        recent = self._recent(remedy, world)
        return f"done {recent} times in the last hour already" if recent >= MOST_AN_HOUR else None

    def _recent(self, remedy: Remedy, world: World) -> int:
        """How often the same has been done within the hour."""
        tier, objective, symbol = remedy.key
        path = f"{tier}/{objective}/{'' if symbol is None else symbol + '/'}"
        done = world.orders.done_us
        return sum(
            command.startswith(path) and world.wall_us - at_us < HOUR_S * MICRO for command, at_us in done.items()
        )

    # -- act

    def _next(self, remedy: Remedy, world: World) -> Iterator[Told]:
        """Ask for the next thing; what a process before had asked for and not told of is taken up."""
        if remedy.first.objective is Objective.COMPLETENESS:
            yield self._event(remedy, world, EventKind.ACTING, "gaps are being filled")
            return
        asked = self._unanswered(remedy, world)
        if asked is None:
            choices = candidates(remedy, self._tier(remedy), world)
            if not choices:
                yield self._event(remedy, world, EventKind.ESCALATED, self._refused(remedy, world))
                return
            asked = choices[0]
            yield self._ask(asked, world)
        yield self._event(remedy, world, EventKind.ACTING, what(asked), asked)

    def _ask(self, command: Command, world: World) -> Said:
        said = Said(command=command, step=Step.ASKED, time_us=world.wall_us, by=REMEDY)
        world.orders.hear(said)
        return said

    def _unanswered(self, remedy: Remedy, world: World) -> Command | None:
        """What has been asked for and may be done, and no step has told of."""
        orders = world.orders
        for said in orders.asked.values():
            command = said.command
            is_mine = command.incident == remedy.first.incident and command.id != remedy.command
            may_be_done = orders.step(command.id) in (Step.ASKED, Step.ACCEPTED, Step.DONE)
            is_taken_back = command.id.endswith(TAKEN_BACK) or orders.step(command.id + TAKEN_BACK) is not None
            if is_mine and may_be_done and not is_taken_back:
                return command
        return None

    def _refused(self, remedy: Remedy, world: World) -> str:
        """Why nothing that was asked for was done."""
        mine = [said for said in world.orders.last.values() if said.command.incident == remedy.first.incident]
        told = [f"{what(said.command)}: {said.reason or 'no answer'}" for said in mine]
        return "; ".join(told) or why_nobody(remedy, self._tier(remedy), world)

    def _acting(self, remedy: Remedy, world: World) -> Iterator[Told]:
        if remedy.command is None:
            yield self._event(remedy, world, EventKind.VERIFYING)
            return
        step, command = world.orders.step(remedy.command), world.orders.asked[remedy.command].command
        if step is Step.DONE:
            yield self._event(remedy, world, EventKind.VERIFYING, world.orders.last[remedy.command].reason)
        elif step in (Step.REFUSED, Step.FAILED, Step.REVERTED):
            yield from self._next(remedy, world)
        elif world.wall_us - command.deadline_us > (ANSWER_S - BEGIN_S) * MICRO:
            yield from self._take_back(command, world, "nobody has told an end of it in time")
            yield from self._next(remedy, world)

    # -- verify

    def _verifying(self, remedy: Remedy, world: World) -> Iterator[Told]:
        verdict = self._verdict(remedy, world)
        if verdict is None:
            return
        has_helped, detail = verdict
        if has_helped:
            yield self._event(remedy, world, EventKind.RESOLVED, detail)
        elif remedy.command is None:
            yield self._event(remedy, world, EventKind.ESCALATED, detail)
        else:
            yield from self._take_back(world.orders.asked[remedy.command].command, world, detail)
            yield self._event(remedy, world, EventKind.REVERTED, detail)

    def _verdict(self, remedy: Remedy, world: World) -> tuple[bool, str] | None:
        """(whether it has helped, in words); None: that cannot be told yet."""
        objective, waited_s = remedy.first.objective, world.now - remedy.since
        tier = self._tier(remedy)
        if objective is Objective.LATENCY:
            return self._is_quicker(remedy, world) if waited_s >= VERIFY_S[objective] else None
        if objective is Objective.COMPLETENESS:
            return self._is_filled(remedy, tier, world)
        if remedy.over or world.was_good(tier, objective, remedy.since):
            return True, f"{objective} is kept again"
        if waited_s >= VERIFY_S[objective]:
            return False, f"{objective} was still not kept {waited_s} s later"
        return None

    def _is_quicker(self, remedy: Remedy, world: World) -> tuple[bool, str]:
        """The broker that leads now, against the one that led, in the minute before and since."""
        assert remedy.command is not None
        symbol, broker = remedy.first.symbol or "", world.orders.asked[remedy.command].command.broker
        before = max(
            (p99 for (_, of), p99 in world.feed(remedy.first.time - GOOD_S, remedy.first.time).items() if of == symbol),
            default=None,
        )
        since = world.feed(remedy.since, world.now).get((broker, symbol))
        if before is None or since is None:
            return False, f"no ticks of {symbol} to judge by"
        told = f"99 % of the ticks took {since // 1000} ms at most, {before // 1000} ms before"
        return since < before, told

    def _is_filled(self, remedy: Remedy, tier: Tier, world: World) -> tuple[bool, str] | None:
        found = world.gaps(tier.brokers, remedy.first.began - GOOD_S, remedy.since)
        waited_s = world.now - remedy.since
        if PENDING & found.keys() and waited_s < VERIFY_S[Objective.COMPLETENESS]:
            return None
        told = ", ".join(f"{count} {state}" for state, count in sorted(found.items()))
        return found.keys() <= {FILLED}, f"gaps: {told or 'none'}"

    def _take_back(self, command: Command, world: World, reason: str) -> Iterator[Said]:
        """Commands that hold for a time are told to be over; of others the reverse is asked for."""
        back = BACK.get(command.action)
        if back is None:
            said = Said(command=command, step=Step.REVERTED, time_us=world.wall_us, by=REMEDY, reason=reason)
            if world.orders.hear(said):
                yield said
        elif world.orders.step(command.id + TAKEN_BACK) is None:
            deadline_us = world.wall_us + HOUR_S * MICRO
            yield self._ask(replace(command, id=command.id + TAKEN_BACK, action=back, deadline_us=deadline_us), world)

    # -- slow leads

    def _slow_leads(self, world: World) -> Iterator[Event]:
        """Of tiers that say who leads: where the lead's feed is late, and another broker is there that is quicker."""
        if world.now - self._looked < COMPARED_S:
            return
        self._looked = world.now
        tiers = [tier for tier in self.tiers.values() if Feature.PRIORITY_ROUTING in tier.features]
        spans = spans_of(world) if tiers else []
        for tier in tiers:
            late = {symbol: broker for symbol, broker in world.leads(tier).items() if is_late(spans, broker, symbol)}
            for symbol, broker in sorted(late.items()):
                rests = world.now - self._slow.get((tier.name, symbol), 0) < REST_S
                if rests or quicker(tier, symbol, broker, spans, world) is None:
                    continue
                event = Event(
                    EventKind.DETECTED, Subject(tier.name, tier.name), Objective.LATENCY, world.now, world.now,
                    0, COMPARED * COMPARED_S, 0, ("slow_feed",), symbol=symbol, action=Action.SWITCH_LEAD.name,
                    detail=f"{broker} leads and takes over {SLOW_US // 1000} ms; another is quicker",
                )  # fmt: skip
                self.hear(event)
                yield event

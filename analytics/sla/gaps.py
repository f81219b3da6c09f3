"""The gap ledger's rules: what a gap is, how far it is, and which are asked of a broker next. Pure.

suspected → confirmed → filling → filled | partial | unfillable; every gap ends in one of the last three, and stays so.
A gap's id is made of what it is a gap of, and the id of its command of that: whoever works it out again asks for
nothing a second time. Times are microseconds since 1970: of ticks and beats the sessions' clock, else the wall's.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from tierfeed.domain.commands import Action, Command, Orders, Said, Step
from tierfeed.domain.words import GapCause, Line

SECOND_US: Final = 1_000_000
LATE_US: Final = 10 * SECOND_US
"""A tick may come late for so long."""
STILL_US: Final = 60 * SECOND_US
"""Found so long ago, a gap is no longer waited for, even if the sessions' clock stands still."""
BEATS_US: Final = 5 * SECOND_US
"""Of a broker's lines, one may have been lost so long before the last of them."""
CLOSE_US: Final = 5 * SECOND_US
"""Gaps of a line that are no farther apart are asked for together."""
SPAN_US: Final = 60 * SECOND_US
"""Together they are no longer than this: one answer stays a small one."""
ANSWER_US: Final = 600 * SECOND_US
"""A collector that is being restarted has begun by then."""
WORK_US: Final = 900 * SECOND_US
"""Whoever has begun is done so long after that."""
STORE_US: Final = 60 * SECOND_US
"""What a collector says it has published is stored by then."""
KEPT_US: Final = 7 * 86_400 * SECOND_US
"""As long as the broker's topic: what is older cannot be compared any more."""
FILLS: Final = frozenset({Action.FILL_GAP})

CAME_LATE: Final = "came late"
NO_ANSWER: Final = "no answer from the broker's collector in time"
TOO_OLD: Final = "older than the broker's topic keeps"
PLANNED: Final = "the session had ended as planned"
NOTHING: Final = "the broker's history has nothing that was not there"
CARRIED_ON: Final = "another line carried on"


class State(StrEnum):
    """How far a gap is."""

    SUSPECTED = "suspected"
    CONFIRMED = "confirmed"
    FILLING = "filling"
    FILLED = "filled"
    PARTIAL = "partial"
    UNFILLABLE = "unfillable"


ENDS: Final = frozenset({State.FILLED, State.PARTIAL, State.UNFILLABLE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """An interval in which a line's ticks were lost, or may have been. Counts are None where they are not known.

    `missing`: of one session and symbol, from the tick before to the one after. `session_lost`: of all symbols, from
    the last second with a sign of life to the end of the first one with one again, `to_us` None until then.
    `line_lost`: the same of one line, while another carried on; nothing is lost, and nothing asked for.
    """

    id: str
    broker: str
    line: Line
    cause: GapCause
    from_us: int
    to_us: int | None
    session: int | None = None
    symbol: str | None = None
    first: int | None = None
    last: int | None = None
    state: State = State.SUSPECTED
    expected: int | None = None
    filled: int | None = None
    command: str | None = None
    asked_us: int | None = None
    reason: str = ""
    found_us: int = 0
    changed_us: int = 0

    @property
    def is_over(self) -> bool:
        return self.state in ENDS


class Verdict(StrEnum):
    """How a silent session had ended, by its own records."""

    LOST = "lost"
    PLANNED = "planned"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Came:
    """What has come of a gap: of its missing sequences, of what was filled in, and of that without a sequence."""

    present: int = 0
    filled_in: int = 0
    unnumbered: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known now. `back`: by gap, the first second after a silence; `verdicts`: of those that have one."""

    now_us: int
    clock_us: int
    """The newest second that any broker gave a sign of life in: the sessions' clock."""
    orders: Orders
    came: Mapping[str, Came]
    back: Mapping[str, int]
    verdicts: Mapping[str, Verdict]
    timeout_us: int


# -- finding


def missing(broker: str, line: Line, session: int, symbol: str, first: int, last: int, from_us: int, to_us: int) -> Gap:
    """Sequences that did not come between two that did."""
    return Gap(
        id=f"{broker}/{line.name}/{symbol}/{session}/{first}", broker=broker, line=line, session=session, symbol=symbol,
        cause=GapCause.MISSING, from_us=from_us, to_us=to_us, first=first, last=last, expected=last - first + 1,
        filled=0,
    )  # fmt: skip


def session_lost(broker: str, line: Line, from_second: int) -> Gap:
    """No sign of life behind a second."""
    return _silence(broker, line, from_second, GapCause.SESSION_LOST, "")


def line_lost(broker: str, line: Line, from_second: int) -> Gap:
    """No sign of life of one line behind a second, and some of another."""
    return _silence(broker, line, from_second, GapCause.LINE_LOST, "line/")


def _silence(broker: str, line: Line, from_second: int, cause: GapCause, kind: str) -> Gap:
    name = f"{broker}/{line.name}/{kind}{datetime.fromtimestamp(from_second, UTC):%Y%m%dT%H%M%SZ}"
    return Gap(id=name, broker=broker, line=line, cause=cause, from_us=from_second * SECOND_US, to_us=None)


def fresh(found: Iterable[Gap], known: Iterable[Gap], now_us: int) -> Iterator[Gap]:
    """Those that are news, as they are first written. A run of which a part came late is still the gap it was."""
    ids: set[str] = set()
    runs: dict[tuple[str, Line, int | None, str | None], list[Gap]] = {}
    for gap in known:
        ids.add(gap.id)
        runs.setdefault(_series(gap), []).append(gap)
    for gap in found:
        if gap.id not in ids and not any(_overlap(gap, other) for other in runs.get(_series(gap), ())):
            ids.add(gap.id)
            yield replace(gap, found_us=now_us, changed_us=now_us)


def _series(gap: Gap) -> tuple[str, Line, int | None, str | None]:
    return gap.broker, gap.line, gap.session, gap.symbol


def _overlap(gap: Gap, other: Gap) -> bool:
    if gap.first is None or gap.last is None or other.first is None or other.last is None:
        return False
    return gap.first <= other.last and other.first <= gap.last


# -- going on


def advance(gap: Gap, facts: Facts) -> Gap:
    """As it is now; the same where nothing is new. What is over stays as it is."""
    if gap.is_over:
        return gap
    if (found := _present(gap, facts)) is not gap and found.is_over:
        return _stamped(gap, found, facts)
    return _stamped(gap, _NEXT[gap.state](found, facts), facts)


def _stamped(before: Gap, after: Gap, facts: Facts) -> Gap:
    """The newest change counts, even if the clock went back."""
    return before if after == before else replace(after, changed_us=max(facts.now_us, before.changed_us + 1))


def _present(gap: Gap, facts: Facts) -> Gap:
    """With how many of its missing sequences are there now; filled once all of them are."""
    if gap.cause is not GapCause.MISSING:
        return gap
    present = facts.came.get(gap.id, Came()).present
    if present == gap.expected:
        reason = CAME_LATE if gap.state is not State.FILLING else ""
        return replace(gap, state=State.FILLED, filled=present, reason=reason)
    return replace(gap, filled=present)


def _suspected(gap: Gap, facts: Facts) -> Gap:
    if facts.now_us - gap.found_us > KEPT_US:
        return replace(gap, state=State.UNFILLABLE, reason=TOO_OLD)
    if gap.cause is GapCause.MISSING:
        is_late = facts.clock_us - (gap.to_us or 0) >= LATE_US or facts.now_us - gap.found_us >= STILL_US
        return replace(gap, state=State.CONFIRMED) if is_late else gap
    if gap.id not in facts.back:
        return gap
    return _back(gap, facts.back[gap.id] * SECOND_US, facts)


def _back(gap: Gap, back_us: int, facts: Facts) -> Gap:
    """The broker, or its line, is there again."""
    to_us = back_us + SECOND_US
    if back_us - gap.from_us - SECOND_US <= facts.timeout_us:
        return replace(gap, state=State.FILLED, to_us=to_us, filled=0, expected=0, reason=CAME_LATE)
    if facts.clock_us - back_us < LATE_US:
        return gap  # signs of life in between may be stored late
    if gap.cause is GapCause.LINE_LOST:
        return replace(gap, state=State.FILLED, to_us=to_us, filled=0, expected=0, reason=CARRIED_ON)
    verdict = facts.verdicts.get(gap.id, Verdict.UNKNOWN)
    if verdict is Verdict.PLANNED:
        return replace(gap, state=State.FILLED, to_us=to_us, filled=0, expected=0, reason=PLANNED)
    if verdict is Verdict.UNKNOWN:
        return replace(gap, to_us=to_us, reason="whether the session ended as planned cannot be read")
    return replace(gap, state=State.CONFIRMED, to_us=to_us, reason="")


def _confirmed(gap: Gap, facts: Facts) -> Gap:
    if facts.now_us - gap.found_us > KEPT_US:
        return replace(gap, state=State.PARTIAL if gap.filled else State.UNFILLABLE, reason=TOO_OLD)
    return gap


def _filling(gap: Gap, facts: Facts) -> Gap:
    said = facts.orders.last.get(gap.command or "")
    if said is None or said.step in (Step.ASKED, Step.ACCEPTED):
        return gap
    came = facts.came.get(gap.id, Came())
    if said.step is not Step.DONE:
        return _ended(gap, came, said.reason or said.step.name.lower())
    is_stored = not said.ticks or facts.now_us - said.time_us >= STORE_US
    if gap.cause is GapCause.MISSING:
        return _numbered(gap, came, said) if is_stored else gap
    ticks = said.ticks or 0
    if ticks and came.filled_in >= ticks:
        return replace(gap, state=State.FILLED, expected=ticks, filled=ticks, reason="")
    if not is_stored:
        return gap
    if not ticks:
        return _ended(gap, came, said.reason or NOTHING)
    return _ended(replace(gap, expected=ticks), came, f"the collector tells of {ticks}, {came.filled_in} are stored")


def _ended(gap: Gap, came: Came, reason: str) -> Gap:
    """Not with all of it: partial with some, else unfillable."""
    filled = gap.filled if gap.cause is GapCause.MISSING else came.filled_in
    return replace(gap, state=State.PARTIAL if filled else State.UNFILLABLE, filled=filled, reason=reason)


def _numbered(gap: Gap, came: Came, said: Said) -> Gap:
    """Done, and some of the missing sequences are not there. What came without a sequence may be them: nobody knows."""
    if came.unnumbered and not gap.filled:
        reason = f"{came.unnumbered} ticks of the span came, whose sequences the broker's history does not tell"
        return replace(gap, state=State.PARTIAL, filled=None, reason=reason)
    return _ended(gap, came, said.reason or f"{gap.filled} of {gap.expected} are in the broker's history")


_NEXT: Final = {State.SUSPECTED: _suspected, State.CONFIRMED: _confirmed, State.FILLING: _filling}


# -- asking


def ask(gaps: Sequence[Gap], orders: Orders, now_us: int, per_minute: int) -> list[Gap]:
    """Those that are to be filled now, with the id of their command.

    A broker is asked for one span at a time, so what is filled in meanwhile is of that one; and all brokers together at
    most `per_minute` times, by what was asked in the minute before.
    """
    left = per_minute - _asked_since(orders, now_us - 60 * SECOND_US)
    busy = {command.broker for command in orders.open(FILLS)} | {g.broker for g in gaps if g.state is State.FILLING}
    waiting: dict[str, list[Gap]] = {}
    for gap in sorted(gaps, key=lambda gap: (gap.from_us, gap.id)):
        if gap.state is State.CONFIRMED and gap.broker not in busy:
            waiting.setdefault(gap.broker, []).append(gap)
    found: list[Gap] = []
    for of in list(waiting.values())[: max(left, 0)]:
        command = f"fill/{of[0].id}"
        found += [
            replace(
                gap, state=State.FILLING, command=command, asked_us=now_us, changed_us=max(now_us, gap.changed_us + 1)
            )
            for gap in _together(of)
        ]
    return found


def _asked_since(orders: Orders, since_us: int) -> int:
    return sum(said.command.action in FILLS and said.time_us > since_us for said in orders.asked.values())


def _together(gaps: Sequence[Gap]) -> list[Gap]:
    """The first, and those of its line that are near it. They are in the order of their begin, and have an end."""
    first = gaps[0]
    found, until_us = [first], first.to_us or first.from_us
    for gap in gaps[1:]:
        to_us = gap.to_us or gap.from_us
        if gap.line is not first.line or gap.cause is not first.cause:
            continue
        if gap.from_us > until_us + CLOSE_US or max(to_us, until_us) - first.from_us > SPAN_US:
            break
        found.append(gap)
        until_us = max(until_us, to_us)
    return found


def commands(gaps: Iterable[Gap], orders: Orders, now_us: int) -> Iterator[Said]:
    """What has to be told on `control`: what nobody has asked for yet, and the end of what nobody answers."""
    together: dict[str, list[Gap]] = {}
    for gap in gaps:
        if gap.state is State.FILLING and gap.command is not None:
            together.setdefault(gap.command, []).append(gap)
    for name, of in together.items():
        said = orders.last.get(name)
        if said is None:
            yield Said(command=_command(name, of, now_us), step=Step.ASKED, time_us=now_us, by="gaps")
        elif _is_unanswered(said, now_us):
            yield Said(command=said.command, step=Step.FAILED, time_us=now_us, by="gaps", reason=NO_ANSWER)


def _is_unanswered(said: Said, now_us: int) -> bool:
    """Not begun by the deadline, with a second of grace; or begun, and not done long after it."""
    allowed = {Step.ASKED: SECOND_US, Step.ACCEPTED: WORK_US}.get(said.step)
    return allowed is not None and now_us > said.command.deadline_us + allowed


def _command(name: str, of: Sequence[Gap], now_us: int) -> Command:
    symbols = {gap.symbol for gap in of}
    before_us = BEATS_US if of[0].cause is GapCause.SESSION_LOST else 0
    return Command(
        id=name, action=Action.FILL_GAP, broker=of[0].broker, line=of[0].line,
        symbol=symbols.pop() if len(symbols) == 1 else None,
        from_us=min(gap.from_us for gap in of) - before_us, to_us=max(gap.to_us or gap.from_us for gap in of),
        deadline_us=now_us + ANSWER_US,
    )  # fmt: skip

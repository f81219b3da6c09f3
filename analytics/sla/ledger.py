"""The gap ledger at work: it finds gaps in what is stored, has them filled, and counts what came.

Every state is a row of `gaps`, and is written before what follows from it is told: whoever starts again reads the rows
and the topic `control`, and goes on. Only one ledger may be at work.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog
from clickhouse_connect.driver.exceptions import ClickHouseError

from analytics.ops.terms import Terms
from analytics.sla.commands import Commands
from analytics.sla.gaps import (
    SECOND_US,
    Came,
    Facts,
    Gap,
    State,
    Verdict,
    advance,
    ask,
    commands,
    fresh,
    line_lost,
    missing,
    session_lost,
)
from analytics.sla.sessions import Sessions
from analytics.sla.store import EPOCH
from analytics.sla.watches import Watches
from analytics.summary import Questions, Row
from infra import clickhouse
from tierfeed.domain.commands import Step
from tierfeed.domain.spans import total
from tierfeed.domain.words import GapCause, Line
from tierfeed.errors import UpstreamError
from tierfeed.settings import Settings

log = structlog.get_logger(__name__)

KEPT: Final = timedelta(days=7)
"""As long as the brokers' topics: of older ticks nobody could tell any more which are missing."""
OVERLAP: Final = timedelta(seconds=60)
"""Rows carry when their insert began: one that took so long was not seen before."""
CHUNK: Final = timedelta(hours=1)
NEAR: Final = timedelta(hours=1)
"""A known gap of which a part came late begins so little before what is still missing of it."""
NOTE: Final = timedelta(seconds=30)
"""How often it is stored how far it has been looked: less than OVERLAP."""
EDGES: Final = """
SELECT min(first), max(last) FROM
(
    SELECT min(stored_at) AS first, max(stored_at) AS last FROM ticks WHERE stored_at > {since:DateTime64(6, 'UTC')}
    UNION ALL
    SELECT min(stored_at), max(stored_at) FROM quality_windows WHERE stored_at > {since:DateTime64(6, 'UTC')}
)
WHERE last > {since:DateTime64(6, 'UTC')}
"""
CLOCK: Final = """
SELECT toInt64(toUnixTimestamp(max(window_start))) FROM quality_windows
WHERE stored_at >= {since:DateTime64(6, 'UTC')} AND (heartbeats > 0 OR ticks > backfilled)
"""
LOOKED: Final = "SELECT max(looked_until) FROM gaps_progress"
COLUMNS: Final = (
    "gap", "broker", "line", "session", "symbol", "from_time", "to_time", "first_sequence", "last_sequence", "cause",
    "state", "expected", "filled", "command", "asked_at", "reason", "found_at", "changed_at",
)  # fmt: skip


class GapLedger:
    """Step it every few seconds. Everything raises UpstreamError."""

    def __init__(self, settings: Settings, commands: Commands) -> None:
        self._settings, self._commands = settings, commands
        self._calendar = Terms.of(settings, datetime.now(UTC).date()).calendar
        self._questions = Questions(settings.clickhouse)
        self._client = clickhouse.client(settings.clickhouse)
        self._sessions = Sessions(settings)
        self._looked: datetime | None = None
        self._noted = EPOCH
        self._clock = 0
        self._silent: dict[tuple[str, int, int | None], dict[Line, Verdict]] = {}
        """Silences that were looked at: an end that is told later than the time-out makes nothing good."""
        self._watches = Watches(self._questions, self._sessions, settings.stream.heartbeat_timeout_s)
        self._unreadable: set[tuple[str, int, int | None]] = set()
        self._given_up: set[str] = set()
        """Commands whose end this one has told, and not read back yet."""

    def step(self, now_s: float) -> list[Gap]:
        """Look, go on, and ask. Returns the gaps that are new or otherwise than before."""
        now_us = int(now_s * SECOND_US)
        self._commands.look()
        found = self._find(now_us)
        known = {gap.id: gap for gap in self._known(())}
        facts = self._facts(known.values(), now_us)
        now = {gap.id: advance(gap, facts) for gap in known.values()}
        asked = ask([*now.values()], self._commands.orders, now_us, self._settings.sla.fills_per_minute)
        now |= {gap.id: gap for gap in asked}
        changed = [gap for gap in now.values() if gap != known[gap.id]]
        self._keep(changed)
        self._tell(now.values(), now_us)
        return [*({gap.id: gap for gap in (*found, *changed)}).values()]

    def close(self) -> None:
        self._sessions.close()
        self._questions.close()
        self._client.close()

    # -- finding

    def _find(self, now_us: int) -> list[Gap]:
        """Store what is new in what was stored since it was looked last, up to what is stored now."""
        since = self._begin() if self._looked is None else self._looked - OVERLAP
        found: list[Gap] = []
        last = since if (edges := self._edges(since)) is None else edges[1]
        while since < last and (edges := self._edges(since)):
            # Piece by piece; hours in which nothing was stored are left out.
            until = min(edges[0] + CHUNK, last)
            found += self._find_in(since, until, now_us)
            since = self._looked = until
            self._note(until)
        return found

    def _begin(self) -> datetime:
        """Go on where it was looked last, or begin with what can be told."""
        looked, edges = _utc(self._rows(LOOKED)[0][0]), self._edges(EPOCH)
        earliest = edges[1] - KEPT if edges else EPOCH
        return max(looked - OVERLAP, earliest)

    def _edges(self, since: datetime) -> tuple[datetime, datetime] | None:
        """When the first and the last was stored of what was stored after a moment."""
        first, last = (_utc(moment) for moment in self._rows(EDGES, since=_text(since))[0])
        return (first, last) if last > since else None

    def _find_in(self, since: datetime, until: datetime, now_us: int) -> list[Gap]:
        span = {"since": _text(since), "until": _text(until)}
        self._clock = max(self._clock, self._rows(CLOCK, since=_text(since))[0][0])
        candidates = [_missing(row) for row in self._questions.ask("gaps_missing", span)]
        timeout_s = self._settings.stream.heartbeat_timeout_s
        for row in self._questions.ask("gaps_silences", span | {"timeout_s": timeout_s}):
            candidates += self._lost(row["broker"], row["from_second"], row["to_second"])
        for row in self._questions.ask("gaps_lines", span | {"timeout_s": timeout_s}):
            candidates += self._line_lost(row["broker"], Line[row["line"]], row["from_second"], row["to_second"])
        found = list(fresh(candidates, self._known(candidates), now_us)) if candidates else []
        self._keep(found)
        return found

    def _lost(self, broker: str, from_second: int, to_second: int | None) -> Iterator[Gap]:
        """The lines that a broker lost, of a silence that is none of the market's."""
        if not self._is_too_long(broker, from_second, to_second):
            return
        for line, verdict in self._lines(broker, from_second, to_second).items():
            if verdict is not Verdict.PLANNED:
                yield session_lost(broker, line, from_second)

    def _line_lost(self, broker: str, line: Line, from_second: int, to_second: int | None) -> Iterator[Gap]:
        """Where a line that did not tick gave no other sign of life either."""
        if not self._is_too_long(broker, from_second, to_second):
            return
        for begin, back in self._watches.silences(broker, line, from_second, self._clock, to_second).items():
            if self._is_too_long(broker, begin, back):
                yield line_lost(broker, line, begin)

    def _is_too_long(self, broker: str, from_second: int, to_second: int | None) -> bool:
        """Whether so long a silence, up to now where it goes on, is none of the market's."""
        until = self._clock if to_second is None else to_second
        timeout_s = self._settings.stream.heartbeat_timeout_s
        if broker not in self._settings.brokers or until - from_second - 1 <= timeout_s:
            return False
        return total(self._calendar.scheduled(_at(from_second + 1), _at(until), (broker,))) > timeout_s

    def _lines(self, broker: str, from_second: int, to_second: int | None) -> dict[Line, Verdict]:
        """How the session of each line had ended that beat just before a silence."""
        key = broker, from_second, to_second
        if (known := self._silent.get(key)) is not None:
            return known
        places = self._questions.ask("gaps_place", {"broker": broker, "at": _text(_at(from_second))})
        if not places:
            return {}  # older than what is stored
        place = places[0]
        until_us = None if to_second is None else to_second * SECOND_US
        silent = self._sessions.before(place["topic"], place["partition"], place["offset"], until_us)
        if silent is None:
            if key not in self._unreadable:
                self._unreadable.add(key)
                log.warning("silence", broker=broker, second=from_second, why="its session records cannot be read")
            return {Line[name]: Verdict.UNKNOWN for name in place["lines"]}
        timeout_us = self._settings.stream.heartbeat_timeout_s * SECOND_US
        self._silent[key] = {line: each.verdict(timeout_us) for line, each in silent.items()}
        return self._silent[key]

    # -- going on

    def _facts(self, gaps: Iterable[Gap], now_us: int) -> Facts:
        opened = [gap for gap in gaps if not gap.is_over]
        silent = [gap for gap in opened if gap.cause is GapCause.SESSION_LOST and gap.state is State.SUSPECTED]
        came = self._questions.ask("gaps_came") if opened else []
        back = {row["gap"]: row["back_second"] for row in self._questions.ask("gaps_back")} if silent else {}
        back |= {
            gap.id: self._watches.back(gap.broker, gap.line, gap.from_us // SECOND_US, self._clock)
            for gap in opened
            if gap.cause is GapCause.LINE_LOST
        }
        self._watches.forget(self._clock)
        there = {name: second for name, second in back.items() if second is not None}
        return Facts(
            now_us=now_us,
            clock_us=(self._clock + 1) * SECOND_US,
            orders=self._commands.orders,
            came={
                row["gap"]: Came(row["present"] or 0, row["filled_in"], row["unnumbered"]) for row in came
            },
            back=there,
            verdicts={gap.id: self._verdict(gap, there[gap.id]) for gap in silent if gap.id in there},
            timeout_us=self._settings.stream.heartbeat_timeout_s * SECOND_US,
        )  # fmt: skip

    def _verdict(self, gap: Gap, back: int) -> Verdict:
        """Again, now that the silence is over: a session may have been ended as planned behind it."""
        lines = self._lines(gap.broker, gap.from_us // SECOND_US, back)
        return lines.get(gap.line, Verdict.UNKNOWN)

    def _tell(self, gaps: Iterable[Gap], now_us: int) -> None:
        for said in commands(gaps, self._commands.orders, now_us):
            name = said.command.id
            if name in self._given_up:
                continue
            self._commands.tell(said)
            log.info("gap", command=name, step=said.step.name.lower(), broker=said.command.broker)
            # Its own end is heard in the order of the topic: the collector's may stand before it.
            if said.step is Step.ASKED:
                self._commands.orders.hear(said)
            else:
                self._given_up.add(name)

    # -- what is stored

    def _known(self, found: Iterable[Gap]) -> list[Gap]:
        """Those without an end, and what is near others."""
        begins = [gap.from_us for gap in found]
        first, last = (_when(min(begins)) - NEAR, _when(max(begins))) if begins else (EPOCH, EPOCH)
        return [_gap(row) for row in self._questions.ask("gaps_known", {"from": _text(first), "to": _text(last)})]

    def _keep(self, gaps: Iterable[Gap]) -> None:
        self._insert("gaps", [_row(gap) for gap in gaps], COLUMNS)

    def _note(self, until: datetime) -> None:
        if until - self._noted >= NOTE:
            self._noted = until
            self._insert("gaps_progress", [(until,)], ("looked_until",))

    def _insert(self, table: str, rows: list[tuple[Any, ...]], columns: tuple[str, ...]) -> None:
        if not rows:
            return
        try:
            self._client.insert(table, rows, column_names=columns)
        except ClickHouseError as error:
            raise UpstreamError(f"ClickHouse at {self._settings.clickhouse.url}: {error}") from error

    def _rows(self, sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
        try:
            return [tuple(row) for row in self._client.query(sql, parameters=parameters).result_rows]
        except ClickHouseError as error:
            raise UpstreamError(f"ClickHouse at {self._settings.clickhouse.url}: {error}") from error


def _missing(row: Row) -> Gap:
    return missing(
        row["broker"], Line[row["line"]], row["session"], row["symbol"], row["first_sequence"], row["last_sequence"],
        _us(row["from_time"]), _us(row["to_time"]),
    )  # fmt: skip


def _gap(row: Mapping[str, Any]) -> Gap:
    return Gap(
        id=row["gap"], broker=row["broker"], line=Line[row["line"]], cause=GapCause(row["cause"]),
        from_us=_us(row["from_time"]), to_us=_perhaps(row["to_time"]), session=row["session"], symbol=row["symbol"],
        first=row["first_sequence"], last=row["last_sequence"], state=State(row["state"]), expected=row["expected"],
        filled=row["filled"], command=row["command"], asked_us=_perhaps(row["asked_at"]), reason=row["reason"],
        found_us=_us(row["found_at"]), changed_us=_us(row["changed_at"]),
    )  # fmt: skip


def _row(gap: Gap) -> tuple[Any, ...]:
    return (
        gap.id, gap.broker, gap.line.name, gap.session, gap.symbol, _when(gap.from_us),
        None if gap.to_us is None else _when(gap.to_us), gap.first, gap.last, str(gap.cause), str(gap.state),
        gap.expected, gap.filled, gap.command, None if gap.asked_us is None else _when(gap.asked_us), gap.reason,
        _when(gap.found_us), _when(gap.changed_us),
    )  # fmt: skip


def _at(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)


def _when(us: int) -> datetime:
    return EPOCH + timedelta(microseconds=us)


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)


def _us(moment: datetime) -> int:
    return (moment.replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)


def _perhaps(moment: datetime | None) -> int | None:
    return None if moment is None else _us(moment)


def _text(moment: datetime) -> str:
    """As a parameter: the client would leave the fraction of a second out."""
    return f"{moment:%F %T.%f}"

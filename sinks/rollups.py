"""Rollups that the reports of a month rest on: hours of tiers, days of tenants and of brokers (migrations
0022 and 0025).

Hours and days that got rows are computed anew from all their rows, as often as anyone likes, by several at once too: of
two computations the one that saw more counts.

Progress goes by `stored_at`, not by offsets as that of the bars does: a day rests on many partitions of several tables.
`stored_at` is when an insert began, so rows may appear behind newer ones; but an insert that takes longer than
`CLOCK_SLACK_US` has been ended by its sink, which waits half as long. So what was stored within the slack before
the last look is looked at again.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import structlog

from sinks.connection import Connection, Patience
from sinks.statements import text
from tierfeed.domain.market import Calendar
from tierfeed.errors import TierfeedError
from tierfeed.settings import ClickHouseSettings

log = structlog.get_logger(__name__)

SQL: Final = Path(__file__).with_name("sql")
CLOCK_SLACK_US: Final = 60_000_000
"""How far the server's clock may be set back, and how long an insert may take. Beyond it, `recompute_all` helps."""
CHUNK_RECORDS: Final = 1_000_000
"""So many records' hours at once: what looking brokers up may take of memory."""
EVERY_S: Final = 60.0
SHARE: Final = 10
"""Of the time, one part in so many at most is spent on them."""
HOUR_S: Final = 3600
PATIENCE: Final = Patience(answer_s=1800)
SOURCES: Final[Mapping[str, tuple[str, ...]]] = {
    "tier_hours": ("tier_quotes", "ticks"),
    "consumption_days": ("tier_quotes", "ticks", "usage_ranges"),
    "broker_days": ("quality_windows", "ticks", "ops_maintenance_versions"),
}
PAIRS: Final = tuple((rollup, table) for rollup, tables in SOURCES.items() for table in tables)
Since = Mapping[tuple[str, str], int]
"""By rollup and table: nothing to be done was stored before, in µs."""
COMPUTE_SETTINGS: Final[Mapping[str, Any]] = {
    "max_threads": 1,  # the sinks and whoever asks come first
    "max_bytes_before_external_group_by": 400_000_000,
    "max_bytes_before_external_sort": 400_000_000,
    "max_partitions_per_insert_block": 0,  # hours of a tape may span years
    "max_query_size": 4_000_000,
}


@dataclass(frozen=True, slots=True)
class Refreshed:
    """How many hours and days were computed."""

    tier_hours: int = 0
    consumption_days: int = 0
    broker_days: int = 0


class Rollups:
    """Anyone may run them at any time, several at once too."""

    def __init__(self, connection: Connection, calendar: Callable[[], Calendar]) -> None:
        """`calendar`: asked anew whenever days of brokers are computed, for maintenance may have been announced."""
        self._connection = connection
        self._calendar = calendar
        self._sql = {file.stem.removeprefix("rollup_"): file.read_text() for file in SQL.glob("rollup_*.sql")}

    def refresh(self) -> Refreshed:
        """Compute what got rows since the last time. Raises UpstreamError."""
        now_us, done = self._progress()
        return self._bring({of: max(done.get(of, 0) - CLOCK_SLACK_US, 0) for of in PAIRS}, now_us)

    def recompute_all(self) -> Refreshed:
        """Compute everything of which rows are stored; what has expired stays as it was told. Raises UpstreamError."""
        now_us, _ = self._progress()
        return self._bring(dict.fromkeys(PAIRS, 0), now_us)

    def _bring(self, since: Since, now_us: int) -> Refreshed:
        """Each rollup's progress is written right after it: whoever is killed leaves work to repeat, none undone."""
        hours = self._hours_behind(since, "tier_hours")
        for chunk in _chunks(hours):
            self._compute_hours(chunk)
        self._progressed("tier_hours", now_us)
        days = self._days_behind(since)
        for day in days:
            self._compute_consumption(f"{day} 00:00:00")
        self._progressed("consumption_days", now_us)
        heard = self._query(
            "days_heard",
            windows_since=since["broker_days", "quality_windows"],
            ticks_since=since["broker_days", "ticks"],
            maintenance_since=since["broker_days", "ops_maintenance_versions"],
        )
        if heard:
            self._compute_broker_days(heard)
        self._progressed("broker_days", now_us)
        return Refreshed(len(hours), len(days), len(heard))

    def _progress(self) -> tuple[int, dict[tuple[str, str], int]]:
        """The server's time before anything is looked at, and up to when all is done; in µs."""
        done = {(rollup, table): us for rollup, table, us in self._query("progress")}
        return done.pop(("", "")), done

    def _hours_behind(self, since: Since, rollup: str) -> list[tuple[int, int]]:
        """(hour in seconds since 1970, its records)."""
        quotes, ticks = since[rollup, "tier_quotes"], since[rollup, "ticks"]
        return [(hour, rows) for hour, rows in self._query("hours_behind", quotes_since=quotes, ticks_since=ticks)]

    def _days_behind(self, since: Since) -> list[str]:
        hours = self._hours_behind(since, "consumption_days")
        told = self._query("days_told", since=since["consumption_days", "usage_ranges"])
        return sorted({_day_of(hour) for hour, _ in hours} | {day for (day,) in told})

    def _compute_hours(self, hours: Sequence[int]) -> None:
        self._compute("hours", halves=self._halves(hours), hours=f"toUnixTimestamp(hour) IN ({_listed(hours)})")

    def _compute_consumption(self, day: str) -> None:
        ((hours, brokers),) = self._query("cut", spans=self._filled("spans", day=day, brokers="[]"), day=day)
        # Who comes in between is in no hour that is counted: next time.
        spans = self._filled("spans", day=day, brokers=f"[{', '.join(map(text, brokers))}]")
        self._compute("consumption", spans=spans, halves=self._halves(hours))

    def _compute_broker_days(self, heard: Iterable[tuple[str, Sequence[str]]]) -> None:
        calendar = self._calendar()
        for day, brokers in heard:
            self._compute("brokers", day=f"{day} 00:00:00", scheduled=_scheduled(calendar, day, brokers))
            self._compute("presence", day=f"{day} 00:00:00")

    def _halves(self, hours: Sequence[int]) -> str:
        """Of the records of some hours, in seconds since 1970 and in order."""
        if not hours:
            return self._filled("halves", records="0")
        first, past = (f"toDateTime64({second}, 6, 'UTC')" for second in (hours[0], hours[-1] + HOUR_S))
        records = (
            f"published_time >= {first} AND published_time < {past}"
            f" AND toUnixTimestamp(toStartOfHour(published_time)) IN ({_listed(hours)})"
        )
        return self._filled("halves", records=records)

    def _progressed(self, rollup: str, until_us: int) -> None:
        rows = ", ".join(str((rollup, table, until_us)) for table in SOURCES[rollup])
        self._connection.command(self._filled("progressed", rows=rows))

    def _compute(self, name: str, **values: str) -> None:
        self._connection.command(self._filled(name, **values), settings=COMPUTE_SETTINGS)

    def _query(self, name: str, **values: object) -> list[tuple[Any, ...]]:
        return self._connection.query(self._filled(name, **values))

    def _filled(self, name: str, **values: object) -> str:
        sql = self._sql[name]
        for key, value in values.items():
            sql = sql.replace("{{" + key + "}}", str(value))
        return sql


class RollupKeeper:
    """Brings the rollups up to date every so often where `is_mine` says so, over a connection of its own.

    The thread dies with its process in the middle of a statement, which does no harm.
    """

    def __init__(
        self, settings: ClickHouseSettings, calendar: Callable[[], Calendar], is_mine: Callable[[], bool]
    ) -> None:
        self._connection = Connection(settings, PATIENCE)
        self._rollups = Rollups(self._connection, calendar)
        self._is_mine = is_mine
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rollups", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Begin nothing more."""
        self._ended.set()

    def _run(self) -> None:
        pause_s = EVERY_S
        while not self._ended.wait(pause_s):
            began_s = time.monotonic()
            if self._is_mine():
                try:
                    self._rollups.refresh()
                except TierfeedError as error:  # a market file that was spoilt meanwhile, too
                    log.warning("rollups are behind", error=str(error))
            pause_s = max(EVERY_S, (SHARE - 1) * (time.monotonic() - began_s))
        self._connection.close()


def _scheduled(calendar: Calendar, day: str, brokers: Iterable[str]) -> str:
    start = datetime.fromisoformat(day).replace(tzinfo=UTC)
    spans = {each: calendar.scheduled(start, start + timedelta(days=1), [each]) for each in brokers}
    listed = ", ".join(f"{text(broker)}, {list(of)}" for broker, of in spans.items())
    return f"map({listed})::Map(String, Array(Tuple(UInt32, UInt32)))"


def _chunks(hours: Sequence[tuple[int, int]]) -> Iterator[list[int]]:
    """Hours that together have at most `CHUNK_RECORDS`, or one that has more."""
    chunk: list[int] = []
    records = 0
    for hour, rows in hours:
        if chunk and records + rows > CHUNK_RECORDS:
            yield chunk
            chunk, records = [], 0
        chunk.append(hour)
        records += rows
    if chunk:
        yield chunk


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers))


def _day_of(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).date().isoformat()

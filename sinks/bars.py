"""One-minute bars: minutes that got new ticks are computed anew from all their ticks, as often as anyone likes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sinks.connection import Connection

SQL: Final = Path(__file__).with_name("sql")
CLOCK_SLACK_US: Final = 60_000_000
"""How far the server's clock may be set back while ticks come in. Beyond it, `recompute_all` puts the bars right."""
PARTITIONS: Final = 65_536
"""More than a topic has."""
COMPUTE_SETTINGS: Final[Mapping[str, Any]] = {
    # A tape may span years, and one statement then fills as many months' parts.
    "max_partitions_per_insert_block": 0,
}


@dataclass(frozen=True, slots=True)
class Behind:
    """A partition of `ticks` whose rows from `done_next` on are not in the bars. Times are of the rows' `stored_at`."""

    topic_id: UUID
    partition: int
    stored_next: int
    stored_at_us: int
    done_next: int
    done_at_us: int

    @property
    def start(self) -> int:
        """Where to go on; at the beginning, where less is stored than was done: someone emptied the table."""
        return self.done_next if self.done_next < self.stored_next else 0

    @property
    def since_us(self) -> int:
        """No row to be done was stored before."""
        return max(self.done_at_us - CLOCK_SLACK_US, 0) if self.start else 0


class Bars:
    """The rollup. Anyone may run it at any time, several at once too: of a minute's versions the longest one wins."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sql = {file.stem.removeprefix("bars_"): file.read_text() for file in SQL.glob("bars_*.sql")}

    def refresh(self) -> int:
        """Compute the minutes that got ticks since the last time; in how many partitions. Raises UpstreamError."""
        behind = [Behind(*row) for row in self._connection.query(self._sql["behind"])]
        if behind:
            self._compute(f"(symbol, broker, toStartOfMinute(received_time)) IN ({self._minutes_behind(behind)})")
            # Only now: whoever is killed in between leaves work to repeat, none undone.
            self._connection.command(self._filled("progress", rows=_progress(behind)))
        return len(behind)

    def recompute_all(self) -> int:
        """Compute every minute that has ticks, day by day; how many days. Raises UpstreamError.

        Bars whose ticks have expired stay as they are.
        """
        days = self._connection.query("SELECT DISTINCT toDate(received_time) AS day FROM ticks ORDER BY day")
        for (day,) in days:
            start = f"toDateTime64('{day} 00:00:00', 6, 'UTC')"
            self._compute(f"received_time >= {start} AND received_time < {start} + INTERVAL 1 DAY")
        return len(days)

    def _compute(self, minutes: str) -> None:
        self._connection.command(self._filled("compute", minutes=minutes), settings=COMPUTE_SETTINGS)

    def _minutes_behind(self, behind: list[Behind]) -> str:
        ids = sorted({str(each.topic_id) for each in behind})
        return self._filled(
            "minutes_behind",
            topic_ids=str(ids),
            topics=str(len(ids)),
            places=str([ids.index(str(each.topic_id)) * PARTITIONS + each.partition for each in behind]),
            nexts=str([each.start for each in behind]),
            since=str(min(each.since_us for each in behind)),
        )

    def _filled(self, name: str, **values: str) -> str:
        sql = self._sql[name]
        for key, value in values.items():
            sql = sql.replace("{{" + key + "}}", value)
        return sql


def _progress(behind: list[Behind]) -> str:
    rows = ((str(each.topic_id), each.partition, each.stored_next, each.stored_at_us) for each in behind)
    return ", ".join(map(str, rows))

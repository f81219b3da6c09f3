"""What an import changes: a file's rows against the newest version of each that is stored. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from analytics.ops.check import Sound
from analytics.ops.kinds import REAL, SYNTHETIC, Kind, KindName, Row
from analytics.ops.rules import next_month
from tierfeed.domain.market import MAINTENANCE_S, Calendar, Maintenance
from tierfeed.errors import ConfigError

Key = tuple[Any, ...]
HOUR_S: Final = 3600
TICK: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Plan:
    """The rows to add, each to be the newest version of its key; how many change nothing."""

    new: tuple[Row, ...] = ()
    corrected: tuple[Row, ...] = ()
    taken_back: tuple[Row, ...] = ()
    unchanged: int = 0

    @property
    def rows(self) -> tuple[Row, ...]:
        return (*self.new, *self.corrected, *self.taken_back)


def plan_import(kind: Kind, sound: Sequence[Sound], stored: Mapping[Key, Row], calendar: Calendar) -> Plan:
    """Compare; touch nothing. `stored`: the newest version of each key, void ones too.

    Raises ConfigError with every problem: rows that would be real and synthetic at once, take back what is not there,
    hold at the same time as another, or announce more maintenance than a month may have.
    """
    changed = [each for each in sound if _changes(each.row, stored.get(kind.key_of(each.row)), kind)]
    after = {key: row for key, row in stored.items() if not row["void"]}
    for each in changed:
        after.pop(kind.key_of(each.row), None)
        if not each.row["void"]:
            after[kind.key_of(each.row)] = each.row
    problems = [*_mixed(kind, changed, stored), *_overlaps(kind, changed, after)]
    if kind.name is KindName.MAINTENANCE:
        problems += _too_much(changed, after.values(), calendar)
    if problems:
        raise ConfigError(problems)
    live = {key for key, row in stored.items() if not row["void"]}
    rows = [(each.row, kind.key_of(each.row) in live) for each in changed]
    return Plan(
        new=tuple(row for row, is_known in rows if not row["void"] and not is_known),
        corrected=tuple(row for row, is_known in rows if not row["void"] and is_known),
        taken_back=tuple(row for row, _ in rows if row["void"]),
        unchanged=len(sound) - len(changed),
    )


def maintenance_of(rows: Iterable[Row]) -> tuple[Maintenance, ...]:
    """As the calendar takes it."""
    return tuple(Maintenance(row["announced_at"], row["starts_at"], row["ends_at"], row["what"]) for row in rows)


def _changes(row: Row, newest: Row | None, kind: Kind) -> bool:
    if newest is None:
        return True
    if row["void"] and newest["void"]:
        return False  # taken back is taken back, whatever else it says
    return any(row[name] != newest[name] for name in kind.fields)


def _mixed(kind: Kind, changed: Iterable[Sound], stored: Mapping[Key, Row]) -> Iterator[str]:
    for each in changed:
        newest = stored.get(kind.key_of(each.row))
        if newest is None or newest["void"]:
            if each.row["void"]:
                yield f"{each.where}: void must be false, for there is no such row to take back, was 'true'"
        elif newest["source"] != each.row["source"]:
            yield (
                f"{each.where}: source must be {newest['source']}, as the row is that is stored, was "
                f"{each.row['source']!r}; take that back first"
            )


def _overlaps(kind: Kind, changed: Sequence[Sound], after: Mapping[Key, Row]) -> Iterator[str]:
    """Rows of one owner that hold at the same time: what they say would count twice."""
    if kind.alone is None:
        return
    where = {kind.key_of(each.row): each.where for each in changed if not each.row["void"]}
    owners = {key[0] for key in where}
    by_owner: dict[str, list[Row]] = {}
    for row in after.values():
        if row[kind.alone] in owners:
            by_owner.setdefault(row[kind.alone], []).append(row)
    for owner, rows in by_owner.items():
        rows.sort(key=lambda row: row["from_date"])
        longest = rows[0]
        for row in rows[1:]:
            told = where.get(kind.key_of(row), where.get(kind.key_of(longest)))
            if told is not None and row["from_date"] < _end(longest):
                yield (
                    f"{told}: from_date of {owner} must not be before what it has since {longest['from_date']} has "
                    f"ended, was {row['from_date'].isoformat()!r}; give that a to_date, in the same file"
                )
            longest = max(longest, row, key=_end)


def _end(row: Row) -> date:
    return row["to_date"] or date.max


def _too_much(changed: Iterable[Sound], after: Iterable[Row], calendar: Calendar) -> Iterator[str]:
    """More hours of open market in a month than may be announced; what was generated takes none of the real ones."""
    by_source: dict[str, list[Row]] = {REAL: [], SYNTHETIC: []}
    for row in after:
        by_source[row["source"]].append(row)
    with_all_of = {source: calendar.with_maintenance(maintenance_of(rows)) for source, rows in by_source.items()}
    for each in changed:
        if each.row["void"]:
            continue
        with_all = with_all_of[each.row["source"]]
        month = each.row["starts_at"].date().replace(day=1)
        while month <= (each.row["ends_at"] - TICK).date():
            first, end = (datetime(day.year, day.month, 1, tzinfo=UTC) for day in (month, next_month(month)))
            announced_s = with_all.announced_s(first, end)
            if announced_s > MAINTENANCE_S:
                yield (
                    f"{each.where}: ends_at must leave {month:%Y-%m} with at most {MAINTENANCE_S / HOUR_S:g} hours of "
                    f"maintenance while the market is open, was {announced_s / HOUR_S:.2f} with all that is announced"
                )
            month = next_month(month)

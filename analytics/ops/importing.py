"""From a file to the tables: whole, once, and by adding rows only."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from analytics.ops.check import check
from analytics.ops.files import Table, read_csv, read_file, write_csv
from analytics.ops.kinds import KINDS, SYNTHETIC, Kind, KindName, Row
from analytics.ops.plan import Plan, plan_import
from analytics.ops.store import Operations
from tierfeed.errors import ConfigError
from tierfeed.settings import Settings


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import changed; what it would change, where `imported_at` is None though there is something.

    `aside`: columns of the file that are known, and not stored. `synthetic`: how many of its changes were generated.
    """

    kind: str
    file: str
    new: int
    corrected: int
    taken_back: int
    unchanged: int
    synthetic: int
    aside: tuple[str, ...] = ()
    imported_at: datetime | None = None


def import_file(settings: Settings, name: KindName, path: Path, *, dry_run: bool = False) -> Imported:
    """Add what is new or different in a file. Raises ConfigError with every problem of the file, and then, as on
    UpstreamError, nothing of it is stored.
    """
    kind = KINDS[name]
    (imported,) = import_tables(settings, {kind.name: (path.name, read_file(kind, path))}, dry_run=dry_run)
    return imported


def import_tables(
    settings: Settings, tables: Mapping[KindName, tuple[str, Table]], *, dry_run: bool = False
) -> list[Imported]:
    """The same of several kinds, by kind (what to call its file, its rows): nothing is stored unless all are sound."""
    tiers = [tier.name for tier in settings.tiers()]
    problems: list[str] = []
    checked = {}
    for name, (_, table) in tables.items():
        try:
            checked[name] = check(KINDS[name], table, tiers)
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    calendar = settings.calendar()  # maintenance that is stored comes with the rows
    with closing(Operations(settings.clickhouse)) as operations:
        stored = {name: operations.newest(KINDS[name]) for name in tables}
        plans = {}
        for name, sound in checked.items():
            try:
                plans[name] = plan_import(KINDS[name], sound, stored[name], calendar)
            except ConfigError as error:
                problems += error.problems
        if problems:
            raise ConfigError(problems)
        done = []
        for name, plan in plans.items():
            file, table = tables[name]
            at = None
            if plan.rows and not dry_run:
                at = operations.keep(KINDS[name], plan.rows, file, stored[name], datetime.now(UTC))
            done.append(_imported(KINDS[name], file, table, plan, at))
    return done


def import_company(settings: Settings, made: Mapping[KindName, Sequence[Row]]) -> list[Imported]:
    """The same of what was generated, as files of it are imported. Raises ConfigError where synthetic rows are stored
    that are not of it: two companies would be mixed up.
    """
    with closing(Operations(settings.clickhouse)) as operations:
        others = 0
        for name, rows in made.items():
            keys = {KINDS[name].key_of(row) for row in rows}
            stored = operations.newest(KINDS[name]).items()
            others += sum(row["source"] == SYNTHETIC and not row["void"] and key not in keys for key, row in stored)
    if others:
        raise ConfigError(
            f"{others:,} synthetic rows are stored that are not of this company: `tierfeed ops forget` takes back all "
            "synthetic rows"
        )
    files = {name: f"{name}.csv" for name in made}
    tables = {
        name: (file, read_csv(KINDS[name], write_csv(KINDS[name], made[name]), file)) for name, file in files.items()
    }
    return import_tables(settings, tables)


def forget_synthetic(settings: Settings) -> list[Imported]:
    """Take back every synthetic row."""
    done = []
    with closing(Operations(settings.clickhouse)) as operations:
        for kind in KINDS.values():
            stored = operations.newest(kind)
            rows = [row | {"void": True} for row in stored.values() if row["source"] == SYNTHETIC and not row["void"]]
            plan = Plan(taken_back=tuple(rows))
            at = operations.keep(kind, rows, "", stored, datetime.now(UTC)) if rows else None
            done.append(_imported(kind, "", Table(()), plan, at))
    return done


def _imported(kind: Kind, file: str, table: Table, plan: Plan, at: datetime | None) -> Imported:
    return Imported(
        kind=kind.name,
        file=file,
        new=len(plan.new),
        corrected=len(plan.corrected),
        taken_back=len(plan.taken_back),
        unchanged=plan.unchanged,
        synthetic=sum(row["source"] == SYNTHETIC for row in plan.rows),
        aside=table.aside,
        imported_at=at,
    )

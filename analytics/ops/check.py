"""A whole file against its kind: every problem of every row, with where it is and what to do. Pure."""

import copy
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from analytics.ops.files import Table, Written
from analytics.ops.kinds import OPTIONAL, Column, Kind, Row
from analytics.ops.rules import broken
from tierfeed.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Sound:
    """A row that breaks no rule of its own."""

    where: str
    row: Row


def check(kind: Kind, table: Table, tiers: Collection[str]) -> tuple[Sound, ...]:
    """The rows of a file. Raises ConfigError with every problem of all of them; what is stored is not asked."""
    problems = list(table.problems)
    first: dict[tuple[object, ...], str] = {}
    sound = []
    for written in table.rows:
        row, found = _row(kind, written, tiers)
        problems += [f"{written.where}: {told}" for told in found]
        if row.keys() >= {*kind.key}:
            key = kind.key_of(row)
            if key in first:
                names, values = (" and ".join(map(str, each)) for each in (_names(kind), key))
                problems.append(
                    f"{written.where}: {names} must be in the file once, was {values!r}, as in {first[key]}"
                )
            first.setdefault(key, written.where)
        sound.append(Sound(written.where, row))
    if problems:
        raise ConfigError(problems)
    return tuple(sound)


def _row(kind: Kind, written: Written, tiers: Collection[str]) -> tuple[Row, list[str]]:
    """The values of the cells that are sound, and what is wrong."""
    row: Row = {}
    found: list[str] = []
    for column in (*kind.columns, *OPTIONAL):
        text = written.cells.get(column.name, "" if column in OPTIONAL else None)
        if text is None:
            continue  # its absence is told already
        try:
            value = _value(column, text)
        except ValueError as error:
            found.append(f"{column.name} must be {error}, was {text!r:.200}")
            continue
        if column.names_tiers and (unknown := _unknown(value, tiers)):
            found.append(f"{column.name} must be of the tiers {', '.join(tiers)}, was {', '.join(unknown)!r:.200}")
        elif column.stored is not None:
            row[column.stored] = value
    texts = written.cells
    found += [f"{name} {told}, was {texts.get(name, '')!r:.200}" for name, told in broken(kind, row)]
    return row, found


def _names(kind: Kind) -> list[str]:
    """Of the key, as files call it."""
    return [column.name for column in kind.columns if column.stored in kind.key]


def _value(column: Column, text: str) -> object:
    if text:
        return column.cell.read(text)
    if column.may_be_empty:
        return copy.copy(column.empty)
    raise ValueError(column.cell.about)


def _unknown(value: object, tiers: Collection[str]) -> list[str]:
    named: Iterator[str] = iter(value if isinstance(value, list) else () if value is None else (str(value),))
    return [name for name in named if name not in tiers]

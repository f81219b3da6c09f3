"""Files of rows: CSV or JSON in, texts by column out, and the other way round. What the texts mean is in check.py."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from analytics.ops.cells import Tags, Words, once
from analytics.ops.kinds import OPTIONAL, Column, Kind, Row
from tierfeed.errors import ConfigError

OTHER_SEPARATORS: Final = (";", "\t")


class Format(StrEnum):
    """How rows are written."""

    CSV = "csv"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Written:
    """One row as it was written. `where`: file and line, or number of the row."""

    where: str
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """What a file holds, and what is wrong with how it is written. `aside`: known columns that are not stored."""

    rows: tuple[Written, ...]
    problems: tuple[str, ...] = ()
    aside: tuple[str, ...] = ()


def read_file(kind: Kind, path: Path) -> Table:
    """The rows of a file: JSON where its name ends with .json, else CSV. Raises ConfigError where it cannot be read."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ConfigError(f"{path}:{line}: must be UTF-8, was {error.object[error.start : error.end]!r}") from error
    read = read_json if path.suffix.lower() == ".json" else read_csv
    return read(kind, text, path.name)


def read_csv(kind: Kind, text: str, name: str) -> Table:
    """A header in any order, then a row for each line that is not blank. `name` is what problems call the file."""
    lines = _lines(text, name)
    _, header = next(lines, (1, []))
    header = [cell.strip() for cell in header]
    if not header:
        return Table((), (f"{name}:1: must begin with a header: {','.join(kind.header())}",))
    if len(header) == 1 and (found := [mark for mark in OTHER_SEPARATORS if mark in header[0]]):
        return Table((), (f"{name}:1: columns must be separated by commas, were by {found[0]!r}",))
    problems = [*_named(kind, header, f"{name}:1")]
    rows = []
    for line, cells in lines:
        if len(cells) != len(header):
            problems.append(f"{name}:{line}: must have {len(header)} values, as the header has, had {len(cells)}")
        else:
            rows.append(Written(f"{name}:{line}", {of: cell.strip() for of, cell in zip(header, cells, strict=True)}))
    return Table(tuple(rows), tuple(problems), _aside(kind, header))


def _lines(text: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """(line on which it begins, cells). Raises ConfigError where the quotes are wrong."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise ConfigError(f"{name}:{line}: is no CSV: {error}") from error


def read_json(kind: Kind, text: str, name: str) -> Table:
    """A list of objects. Money is text, or a number as it is written: it never becomes a float."""
    try:
        found = json.loads(text, parse_float=Decimal, object_pairs_hook=once)
    except json.JSONDecodeError as error:
        raise ConfigError(f"{name}:{error.lineno}: is no JSON: {error.msg}") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{name}: {error}") from error
    if not isinstance(found, list):
        return Table((), (f"{name}: must be a list of objects, was {_shown(found)}",))
    problems: list[str] = []
    rows, aside = [], set()
    by_name = {column.name: column for column in (*kind.columns, *OPTIONAL)}
    for at, each in enumerate(found, start=1):
        where = f"{name}, row {at}"
        if not isinstance(each, dict):
            problems.append(f"{where}: must be an object, was {_shown(each)}")
            continue
        named = [*_named(kind, list(each), where)]
        texts = {of: _text(by_name.get(of), value) for of, value in each.items() if of in by_name}
        wrong = [of for of, text in texts.items() if text is None]
        problems += named
        problems += [f"{where}: {of} must be {by_name[of].cell.about}, was {_shown(each[of])}" for of in wrong]
        aside |= {*_aside(kind, each)}
        rows.append(Written(where, {of: text for of, text in texts.items() if text is not None}))
    return Table(tuple(rows), tuple(problems), tuple(sorted(aside)))


def write_csv(kind: Kind, rows: Iterable[Row], *, with_optional: bool = True) -> str:
    """What `read_csv` reads back."""
    columns = (*kind.columns, *OPTIONAL) if with_optional else kind.columns
    told = io.StringIO()
    writer = csv.writer(told, lineterminator="\n")
    writer.writerow(column.name for column in columns)
    writer.writerows([texts_of(column, row) for column in columns] for row in rows)
    return told.getvalue()


def write_json(kind: Kind, rows: Iterable[Row]) -> str:
    """What `read_json` reads back: every value as the text of its cell, null where it is empty."""
    columns = (*kind.columns, *OPTIONAL)
    listed = [{column.name: texts_of(column, row) or None for column in columns} for row in rows]
    return json.dumps(listed, ensure_ascii=False, indent=1)


def template(kind: Kind, form: Format) -> str:
    """A file to fill in: the header alone; of JSON one object."""
    if form is Format.CSV:
        return write_csv(kind, (), with_optional=False)
    return json.dumps([dict.fromkeys(kind.header())], indent=1) + "\n"


def texts_of(column: Column, row: Row) -> str:
    """The text of a cell."""
    if column.stored is None:  # one value is allowed, and it is not stored
        return column.cell.about.removeprefix("one of ")
    value = row[column.stored]
    return "" if column.may_be_empty and value == column.empty else column.cell.write(value)


def _named(kind: Kind, header: Sequence[str], where: str) -> Iterator[str]:
    """What is wrong with the names of columns."""
    needed = kind.header()
    known = (*needed, *(column.name for column in OPTIONAL))
    for name in dict.fromkeys(header):
        if name not in known and not _is_ignored(kind, name):
            yield f"{where}: {name or 'a column without a name'} is not known; there are {', '.join(known)}"
        if header.count(name) > 1:
            yield f"{where}: {name} is given {header.count(name)} times"
    yield from (f"{where}: {name} is missing" for name in needed if name not in header)


def _aside(kind: Kind, header: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name in header if _is_ignored(kind, name))


def _is_ignored(kind: Kind, name: str) -> bool:
    """FOCUS lets everybody add columns that begin with x_."""
    return name in kind.ignored or bool(kind.ignored and name.startswith("x_") and name not in kind.header())


def _text(column: Column | None, value: Any) -> str | None:
    """A JSON value as a cell of CSV would have it; None where no cell of this kind could."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            return value.strip()
        case int() | Decimal():
            return f"{value:f}" if isinstance(value, Decimal) else str(value)
        case list() if column is not None and isinstance(column.cell, Words):
            return ";".join(value) if all(isinstance(each, str) for each in value) else None
        case dict() if column is not None and isinstance(column.cell, Tags):
            return json.dumps(value, default=str)
    return None


def _shown(value: Any) -> str:
    return repr(value)[:100]

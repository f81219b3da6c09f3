"""TAPE.yaml: which files hold whose ticks. Checked whole, every problem at once, before any of it is read."""

import glob
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from collectors.replay.formats.mapped import Layout
from collectors.replay.formats.times import ISO, Offset
from collectors.simulator.profile import Profile, load_profile
from tierfeed.domain.symbols import CANONICAL
from tierfeed.errors import ConfigError

Format = Literal["lean", "dukascopy-bi5", "csv", "parquet", "mt5"]
MAPPED = ("csv", "parquet")
BROKER = r"^[a-z0-9][a-z0-9_-]{0,63}$"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Simulate(_Strict):
    """Publish not the ticks of the files but those of a simulated broker that quotes over them."""

    profile: str | dict[str, Any]
    seed: int = Field(default=0, ge=0, lt=2**63)


class ColumnMapping(_Strict):
    """Where a CSV or parquet file keeps what: a column's name, or its position from 0."""

    time: str | int | None = None
    received: str | int | None = None
    bid: str | int = "bid"
    ask: str | int = "ask"
    bid_size: str | int | None = None
    ask_size: str | int | None = None

    @field_validator("*", mode="before")
    @classmethod
    def _positions_are_numbers(cls, value: Any) -> Any:
        return int(value) if isinstance(value, str) and value.isdigit() else value

    @model_validator(mode="after")
    def _timed(self) -> "ColumnMapping":
        if self.time is None and self.received is None:
            raise ValueError("needs time or received, to know when to play a row")
        return self


class Entry(_Strict):
    """Some files of one broker's ticks in one symbol."""

    broker: str = Field(pattern=BROKER)
    symbol: str
    format: Format
    utc_offset: str = "+00:00"
    paths: tuple[str, ...] = Field(min_length=1)
    session: Literal["one", "per_file"] = "one"
    broker_symbol: str | None = None
    simulate: Simulate | None = None
    columns: ColumnMapping | None = None
    time_format: str | None = None
    time_unit: Literal["s", "ms", "us", "ns"] = "ms"
    price_scale: float | None = Field(default=None, gt=0)
    size_scale: float = Field(default=1.0, gt=0)
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    header: bool | None = None

    @field_validator("paths", mode="before")
    @classmethod
    def _one_path_is_a_list(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("symbol")
    @classmethod
    def _canonical(cls, value: str) -> str:
        if not CANONICAL.fullmatch(value):
            raise ValueError("must be 3 to 16 capital letters or digits, such as EURUSD")
        return value

    @field_validator("utc_offset")
    @classmethod
    def _is_an_offset(cls, value: str) -> str:
        Offset.of(value)
        return value

    @model_validator(mode="after")
    def _mapping_fits(self) -> "Entry":
        if self.format in MAPPED and self.columns is None:
            raise ValueError(f"columns is needed for {self.format}: which column holds time, bid and ask")
        if self.format not in MAPPED and self.columns is not None:
            raise ValueError(f"columns is for {' and '.join(MAPPED)}, not for {self.format}")
        if self.format == "csv" and self.columns is not None and self.header is False:
            names = [at for at in self.columns.model_dump().values() if isinstance(at, str)]
            if names:
                raise ValueError(f"columns must be positions in a file without header, were {', '.join(names)}")
        return self

    @property
    def offset(self) -> Offset:
        return Offset.of(self.utc_offset)

    def layout(self) -> Layout:
        """How to read this entry's CSV or parquet files."""
        if self.columns is None:
            raise ConfigError(f"{self.format} files have no column mapping")
        columns: Mapping[str, str | int] = {k: v for k, v in self.columns.model_dump().items() if v is not None}
        named = any(isinstance(at, str) for at in columns.values())
        return Layout(
            columns=columns,
            time_format=ISO if self.time_format and self.time_format.lower() == ISO else self.time_format,
            time_unit=self.time_unit,
            price_scale=self.price_scale or 1.0,
            size_scale=self.size_scale,
            delimiter=self.delimiter,
            header=named if self.header is None else self.header,
        )


class _Document(_Strict):
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class TapeFile:
    """A checked tape file: `files` are the existing files of each entry, `profiles` the simulated brokers."""

    path: Path
    entries: tuple[Entry, ...]
    files: tuple[tuple[Path, ...], ...]
    profiles: Mapping[str, tuple[Profile, int]]

    @property
    def brokers(self) -> tuple[str, ...]:
        return tuple(sorted({entry.broker for entry in self.entries}))

    def told(self, file: Path) -> str:
        """A file's name as messages and dead letters give it: relative to the tape where it lies under it."""
        folder = self.path.parent
        return file.relative_to(folder).as_posix() if file.is_relative_to(folder) else file.as_posix()


def load_tape_file(path: Path) -> TapeFile:
    """Read and check a tape file. Raises ConfigError with every problem: where it is, the rule, and what it was."""
    entries = _parsed(path)
    problems: list[str] = []
    files = []
    for at, entry in enumerate(entries):
        found = []
        for pattern in entry.paths:
            # Not Path.glob: a pattern may be absolute, or climb with '..'.
            matches = sorted(Path(match) for match in glob.glob(str(path.parent / pattern), recursive=True))  # noqa: PTH207
            matches = [match for match in matches if match.is_file()]
            if not matches:
                problems.append(f"{path}: entries.{at}.paths: no file matches {pattern!r}")
            found += [match for match in matches if match not in found]
        files.append(tuple(found))
    problems += _twice(path, entries, files)
    profiles = _profiles(path, entries, problems)
    if problems:
        raise ConfigError(problems)
    return TapeFile(path, entries, tuple(files), profiles)


def _parsed(path: Path) -> tuple[Entry, ...]:
    try:
        # BaseLoader leaves every scalar a text: YAML 1.1 would read the offset 10:00 as the number 600.
        document = yaml.load(path.read_text(), Loader=yaml.BaseLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: is not a readable YAML file: {error}") from error
    if isinstance(document, list):
        document = {"entries": document}
    if not isinstance(document, dict) or not document.get("entries"):
        raise ConfigError(f"{path}: must be a list of entries with broker, symbol, format, utc_offset and paths")
    try:
        return _Document.model_validate(document).entries
    except ValidationError as error:
        raise ConfigError([f"{path}: {_told(problem)}" for problem in error.errors()]) from error


def _told(problem: Any) -> str:
    where = ".".join(str(part) for part in problem["loc"]) or "the file"
    rule = problem["msg"].removeprefix("Value error, ")
    was = "" if isinstance(problem["input"], dict | list) else f", was {problem['input']!r}"
    return f"{where}: {rule}{was}"


def _twice(path: Path, entries: tuple[Entry, ...], files: list[tuple[Path, ...]]) -> list[str]:
    """A file that would be played twice as the same broker's ticks."""
    seen: dict[tuple[str, str, Path], int] = {}
    problems = []
    for at, (entry, mine) in enumerate(zip(entries, files, strict=True)):
        for file in mine:
            first = seen.setdefault((entry.broker, entry.symbol, file.resolve()), at)
            if first != at:
                problems.append(f"{path}: entries.{at}.paths: {file} is in entries.{first} already, as the same broker")
    return problems


def _profiles(path: Path, entries: tuple[Entry, ...], problems: list[str]) -> dict[str, tuple[Profile, int]]:
    found: dict[str, tuple[Profile, int]] = {}
    for broker in dict.fromkeys(entry.broker for entry in entries):
        wanted = [entry.simulate for entry in entries if entry.broker == broker]
        simulated = [simulate for simulate in wanted if simulate is not None]
        if not simulated:
            continue
        if len(simulated) < len(wanted):
            problems.append(f"{path}: broker {broker} must be real or simulated in all its entries, was both")
        elif any(simulate != simulated[0] for simulate in simulated):
            problems.append(f"{path}: broker {broker} must have the same profile and seed in all its entries")
        elif any(entry.session == "per_file" for entry in entries if entry.broker == broker):
            problems.append(f"{path}: broker {broker}: a simulated broker has one session, not one per file")
        else:
            try:
                found[broker] = (load_profile(simulated[0].profile, path.parent), simulated[0].seed)
            except ConfigError as error:
                problems += [f"{path}: broker {broker}: {problem}" for problem in error.problems]
    return found

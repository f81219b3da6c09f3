"""A tape: every file of every entry, read and proved sound together, before anything of it is published."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from collectors.replay.formats.bi5 import parse_bi5
from collectors.replay.formats.lean import parse_lean
from collectors.replay.formats.mapped import parse_csv, parse_parquet
from collectors.replay.formats.mt5 import parse_mt5
from collectors.replay.formats.rows import Rows
from collectors.replay.scripts import Recording, scripts_of
from collectors.replay.tapefile import Entry, TapeFile, load_tape_file
from collectors.script import Script
from tierfeed.domain.symbols import price_digits
from tierfeed.errors import ConfigError

SHIPPED = Path(__file__).with_name("tape") / "TAPE.yaml"
READERS = 4


@dataclass(frozen=True, slots=True)
class Tape:
    """All brokers' scripts. They begin and end together, on whole seconds."""

    path: Path
    start_us: int
    end_us: int
    scripts: Mapping[str, Script]

    @property
    def brokers(self) -> tuple[str, ...]:
        return tuple(sorted(self.scripts))

    def script(self, broker: str) -> Script:
        """Raises ConfigError where the tape has no such broker."""
        if broker not in self.scripts:
            raise ConfigError(f"{self.path}: has no broker {broker!r}; has {', '.join(self.brokers)}")
        return self.scripts[broker]


def read_tape(path: Path = SHIPPED) -> Tape:
    """Read a whole tape. Raises ConfigError with every problem of the file, and of all the files it names."""
    tape = load_tape_file(Path(path))
    recordings = _recordings(tape)
    if not any(len(at.rows) for at in recordings):
        raise ConfigError(f"{path}: none of its files holds a tick")
    scripts = scripts_of(recordings, tape.profiles)
    first = next(iter(scripts.values()))
    return Tape(tape.path, first.start_us, first.end_us, scripts)


def _recordings(tape: TapeFile) -> list[Recording]:
    jobs = [(entry, file) for entry, files in zip(tape.entries, tape.files, strict=True) for file in files]
    # The same reference file may serve several simulated brokers: read it once.
    wanted = {(file, _reading(entry)): (entry, file) for entry, file in jobs}
    problems: list[str] = []
    found: dict[tuple[Path, Entry], Rows] = {}
    with ThreadPoolExecutor(READERS) as pool:
        reads = {key: pool.submit(read_rows, *job, tape.told(job[1])) for key, job in wanted.items()}
        for key, read in reads.items():
            try:
                found[key] = read.result()
            except ConfigError as error:
                problems += error.problems
    if problems:
        raise ConfigError(problems)
    return [Recording(entry, tape.told(file), found[file, _reading(entry)]) for entry, file in jobs]


def _reading(entry: Entry) -> Entry:
    """What of an entry decides how its files are read."""
    return entry.model_copy(update={"broker": "", "simulate": None, "session": "one", "paths": ()})


def read_rows(entry: Entry, path: Path, file: str) -> Rows:
    """One file in UTC. Raises ConfigError where it cannot be read or is damaged; `file` is how messages call it."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from error
    price_units = 10 ** price_digits(entry.symbol) if entry.price_scale is None else round(1 / entry.price_scale)
    parsers: Mapping[str, Callable[[], Rows]] = {
        "lean": lambda: parse_lean(file, data),
        "dukascopy-bi5": lambda: parse_bi5(file, path.absolute().as_posix(), data, price_units),
        "csv": lambda: parse_csv(file, data, entry.layout()),
        "parquet": lambda: parse_parquet(file, data, entry.layout()),
        "mt5": lambda: parse_mt5(file, data, entry.broker_symbol or entry.symbol),
    }
    rows = parsers[entry.format]()
    received = None if rows.received_us is None else entry.offset.to_utc(rows.received_us)
    return replace(rows, event_us=np.where(rows.timed, entry.offset.to_utc(rows.event_us), 0), received_us=received)

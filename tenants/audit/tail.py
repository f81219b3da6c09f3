"""A log file that rolls, read line by line, each with a place that stays the same for ever."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

HEAD_BYTES: Final = 4096
"""Within which a file's first line ends."""
SOURCE: Final = "kafka:"


@dataclass(frozen=True, slots=True)
class Line:
    """`source` names the file by its first line, whatever it is called by now; `position` is the line's first byte."""

    source: str
    position: int
    text: str


@dataclass(frozen=True, slots=True)
class Place:
    """The last line that was told."""

    source: str
    position: int


class Tail:
    """Reads `path` and what it was rolled to: path.1 the oldest, path.2, … (log4j's DefaultRolloverStrategy)."""

    def __init__(self, path: Path, told: Place | None = None) -> None:
        self._path, self._told = path, told
        self.lost = False
        """Whether the file of the last line told had gone when it was looked for."""

    def lines(self) -> Iterator[Line]:
        """What is complete and was not told yet, oldest first. To be asked again and again."""
        with ExitStack() as opened:
            for file, source in self._untold(self._opened(opened)):
                begin = self._told.position if self._told is not None and source == self._told.source else 0
                for line in _read(file, source, begin):
                    place = Place(line.source, line.position)
                    if place == self._told:
                        continue
                    self._told = place
                    yield line

    def _untold(self, files: list[tuple[BinaryIO, str]]) -> list[tuple[BinaryIO, str]]:
        """Those that have something new to tell: from the one that was read last."""
        if self._told is None:
            return files
        known = [at for at, (_, source) in enumerate(files) if source == self._told.source]
        if not known:
            self.lost = self.lost or bool(files)
            return files
        return files[known[-1] :]

    def _opened(self, stack: ExitStack) -> list[tuple[BinaryIO, str]]:
        """Every file with its source, oldest first, as of one moment: open, so that rolling no longer mixes them up."""
        while True:
            try:
                with ExitStack() as trial:
                    files = [(path, trial.enter_context(path.open("rb"))) for path in self._paths()]
                    if [path.stat().st_ino for path in self._paths()] == [_inode(file) for _, file in files]:
                        stack.enter_context(trial.pop_all())
                        return [(file, source) for _, file in files if (source := _source(file)) is not None]
            except FileNotFoundError:
                continue  # it rolls at this moment

    def _paths(self) -> list[Path]:
        rolled = (each for each in self._path.parent.glob(f"{self._path.name}.*") if each.suffix[1:].isdigit())
        current = [self._path] if self._path.exists() else []
        return [*sorted(rolled, key=lambda each: int(each.suffix[1:])), *current]


def _inode(file: BinaryIO) -> int:
    return os.fstat(file.fileno()).st_ino


def _source(file: BinaryIO) -> str | None:
    """A name for the file's content; None while it has no whole line."""
    first, newline, _ = file.read(HEAD_BYTES).partition(b"\n")
    return SOURCE + hashlib.sha256(first).hexdigest()[:16] if newline else None


def _read(file: BinaryIO, source: str, begin: int) -> Iterator[Line]:
    file.seek(begin)
    position = begin
    for line in file:
        if not line.endswith(b"\n"):
            return  # still being written
        yield Line(source, position, line.decode(errors="replace").rstrip("\r\n"))
        position += len(line)

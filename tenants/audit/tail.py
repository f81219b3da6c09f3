"""A log file that rolls, read line by line, each with a place that stays the same for ever."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

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
        for file, source in self._files():
            begin = 0
            if self._told is not None and source == self._told.source:
                begin = self._told.position
            for line in _read(file, source, begin):
                if self._told is not None and (line.source, line.position) == (self._told.source, self._told.position):
                    continue
                self._told = Place(line.source, line.position)
                yield line

    def _files(self) -> list[tuple[Path, str]]:
        """Those that have something new to tell: from the one that was read last."""
        rolled = sorted(
            (each for each in self._path.parent.glob(f"{self._path.name}.*") if each.suffix[1:].isdigit()),
            key=lambda each: int(each.suffix[1:]),
        )
        found = [(each, source) for each in (*rolled, self._path) if (source := _source(each)) is not None]
        if self._told is None:
            return found
        known = [at for at, (_, source) in enumerate(found) if source == self._told.source]
        if not known:
            self.lost = self.lost or bool(found)
            return found
        return found[known[-1] :]


def _source(file: Path) -> str | None:
    """A name for the file's content; None while it has no whole line."""
    try:
        with file.open("rb") as opened:
            head = opened.read(HEAD_BYTES)
    except FileNotFoundError:
        return None
    first, newline, _ = head.partition(b"\n")
    return SOURCE + hashlib.sha256(first).hexdigest()[:16] if newline else None


def _read(file: Path, source: str, begin: int) -> Iterator[Line]:
    try:
        with file.open("rb") as opened:
            opened.seek(begin)
            position = begin
            for line in opened:
                if not line.endswith(b"\n"):
                    return  # still being written
                yield Line(source, position, line.decode(errors="replace").rstrip("\r\n"))
                position += len(line)
    except FileNotFoundError:
        return  # rolled meanwhile: it is found under its new name

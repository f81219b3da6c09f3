"""How far a run is, on standard error: bars on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from tierfeed.cli.output import err

LINE_EVERY_S = 2.0


class Progress(Protocol):
    """What a run tells of itself."""

    def say(self, text: str) -> None:
        """Something happened."""

    def count(self, what: str, done: int, total: int) -> None:
        """So much of `what` is done."""


@contextmanager
def progress_of() -> Iterator[Progress]:
    """Bars where standard error is a terminal."""
    console = err()
    if not sys.stderr.isatty():
        yield _Lines(console)
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description:<22}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Bars(*columns, console=console, transient=True) as bars:
        yield _Bars(bars)


class _Lines:
    def __init__(self, console: Console) -> None:
        self._console, self._began_s = console, time.monotonic()
        self._said: dict[str, float] = {}

    def say(self, text: str) -> None:
        self._console.print(f"[{time.monotonic() - self._began_s:5.1f} s] {text}", markup=False)

    def count(self, what: str, done: int, total: int) -> None:
        now = time.monotonic()
        if done < total and now - self._said.get(what, 0.0) >= LINE_EVERY_S:
            self._said[what] = now
            self.say(f"{what} {done:,} of {total:,}")


class _Bars:
    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def say(self, text: str) -> None:
        self._bars.console.print(text, markup=False)

    def count(self, what: str, done: int, total: int) -> None:
        if what not in self._tasks:
            self._tasks[what] = self._bars.add_task(what, total=total)
        self._bars.update(self._tasks[what], completed=done, total=total)

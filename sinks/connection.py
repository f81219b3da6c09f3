"""Speaking to ClickHouse: one statement at a time, errors in the project's terms, patience with an end."""

import itertools
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import structlog
from clickhouse_connect.driver.exceptions import ClickHouseError

from infra import clickhouse
from sinks.statements import FENCED, LOST
from tierfeed.errors import FencedError, UpstreamError
from tierfeed.settings import ClickHouseSettings

log = structlog.get_logger(__name__)

T = TypeVar("T")

FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 5.0
TOLD_CHARACTERS: Final = 600
"""ClickHouse quotes the whole statement in some errors."""
THROW_IF: Final = 395
"""ClickHouse's FUNCTION_THROW_IF_VALUE_IS_NON_ZERO."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a sink waits for one answer, and how long it tries before its process ends."""

    answer_s: float = 30.0
    give_up_s: float = 60.0


class Connection:
    """A ClickHouse that may be away. Threads may share it."""

    def __init__(self, settings: ClickHouseSettings, patience: Patience | None = None) -> None:
        self.url = settings.url
        self.patience = patience or Patience()
        self._settings = settings
        self._client: Any = None
        self._connecting = threading.Lock()
        self._closed = threading.Event()

    def command(self, sql: str, settings: Mapping[str, Any] | None = None) -> list[Any]:
        """Run one statement once: the first row's values, if there is one. Raises FencedError or UpstreamError."""
        return self._run(lambda client: _values(client.command(sql, settings=dict(settings or {}))))

    def insert(self, body: memoryview, settings: Mapping[str, Any]) -> None:
        """Run one INSERT once, which its rows follow in `body`. Raises FencedError or UpstreamError."""
        # The driver repeats an insert of bytes underneath when an answer is lost, and one of a view it does not. Its
        # `command` repeats none either, but makes a string of all data, four bytes for each, to see whether it reads.
        self._run(lambda client: client.raw_insert(insert_block=body, settings=dict(settings)))

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a SELECT. Raises UpstreamError."""
        return self._run(lambda client: list(client.query(sql).result_rows))

    def insist(self, attempt: Callable[[int], T], doing: str) -> T:
        """`attempt(number)`, numbered from 0, until it does not raise UpstreamError.

        Raises UpstreamError when `give_up_s` have passed or the connection was closed. Other errors pass at once.
        """
        deadline_s, pause_s = time.monotonic() + self.patience.give_up_s, FIRST_PAUSE_S
        for number in itertools.count():
            try:
                return attempt(number)
            except UpstreamError as error:
                left_s = deadline_s - time.monotonic()
                if left_s <= 0 or self._closed.is_set():
                    raise UpstreamError(f"could not {doing} ({number + 1} attempts): {error}") from error
                log.warning("ClickHouse failed", doing=doing, attempt=number + 1, error=str(error))
            self._closed.wait(min(pause_s, left_s))
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
        raise AssertionError("count() never ends")

    def close(self) -> None:
        """Close; whoever insists gives up with the attempt that runs."""
        self._closed.set()
        with self._connecting:
            if self._client is not None:
                self._client.close()
                self._client = None

    def _run(self, statement: Callable[[Any], T]) -> T:
        try:
            return statement(self._connected())
        except ClickHouseError as error:
            # By its code: the texts stand in every other error that quotes the statement, too.
            if getattr(error, "code", None) == THROW_IF:
                raise FencedError(_refusal(str(error))) from error
            raise UpstreamError(f"ClickHouse at {self.url}: {str(error)[:TOLD_CHARACTERS]}") from error

    def _connected(self) -> Any:
        with self._connecting:
            if self._client is None:
                self._client = clickhouse.client(
                    self._settings, send_receive_timeout=self.patience.answer_s, compress=False
                )
            return self._client


def _refusal(error: str) -> str:
    """Why a statement of sinks.statements refused; its own words come before a quote of the statement."""
    told = {
        error.find(FENCED): "another sink owns a partition of this insert",
        error.find(LOST): "rows that were stored are gone",
    }
    return told[min(place for place in told if place >= 0)] if max(told) >= 0 else error[:TOLD_CHARACTERS]


def _values(answer: Any) -> list[Any]:
    """clickhouse-connect's `command` gives one value, a list of several, "" for no row, or a summary for no result."""
    if isinstance(answer, list | tuple):
        return list(answer)
    return [answer] if isinstance(answer, str | int) and answer != "" else []

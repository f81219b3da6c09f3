"""What tests are built from."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")

EVERY_S = 0.02


def eventually(probe: Callable[[], T], within_s: float = 5.0) -> T:
    """Ask `probe` until its answer is true; that answer. Fails with the last one when `within_s` is over."""
    deadline = time.monotonic() + within_s
    while not (answer := probe()):
        assert time.monotonic() < deadline, f"still {answer!r} after {within_s:g} s"
        time.sleep(EVERY_S)
    return answer


@dataclass(frozen=True)
class Message:
    """A Kafka message without key and headers, as much of it as a shard asks for."""

    at: int
    payload: bytes = b""

    def value(self) -> bytes:
        return self.payload

    def key(self) -> None:
        return None

    def offset(self) -> int:
        return self.at

    def headers(self) -> None:
        return None

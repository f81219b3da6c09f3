"""What tests are built from."""

import time
from collections.abc import Callable
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

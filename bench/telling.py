"""What a measurement says while it runs: to standard error, so that `--json` prints one object and nothing else."""

import sys
import time

_BEGAN = time.monotonic()


def say(words: str) -> None:
    """One line of progress."""
    print(f"[{time.monotonic() - _BEGAN:6.1f} s] {words}", file=sys.stderr, flush=True)

"""Children that end with the process that started them, however it ends.

Run as a file, this is the trampoline between fork and the real program: it asks the kernel for a signal at the
parent's death and becomes the program, under the same pid. No preexec_fn: that is unsafe in a process with threads.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

PR_SET_PDEATHSIG = 1
CANNOT_RUN = 127  # as a shell says it


def tethered(argv: Sequence[str], at_death: signal.Signals = signal.SIGTERM) -> list[str]:
    """`argv` of a child that gets `at_death` when the *thread* that forks it ends. On Linux; elsewhere as it was."""
    if not sys.platform.startswith("linux"):
        return list(argv)
    return [sys.executable, "-I", "-S", __file__, str(int(at_death)), str(os.getpid()), *argv]


def tethered_popen(argv: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
    """Start a child that gets SIGTERM when this process ends. May be called from any thread."""
    return _forker().submit(lambda: subprocess.Popen(tethered(argv), **options)).result()


@cache
def _forker() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="tether")  # lives until the interpreter ends


def main() -> None:
    """Tie this process to its parent and become the program that the arguments name."""
    import ctypes

    at_death, parent = int(sys.argv[1]), int(sys.argv[2])
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, at_death)
    if os.getppid() != parent:  # it died before the line above
        sys.exit(128 + at_death)
    try:
        os.execvp(sys.argv[3], sys.argv[3:])
    except OSError as error:
        sys.stderr.write(f"cannot run {sys.argv[3]}: {error.strerror}\n")
        sys.exit(CANNOT_RUN)


if __name__ == "__main__":
    main()

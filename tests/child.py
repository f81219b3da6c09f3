"""A child process of a test, that is sure to end."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path


class Child:
    """A Python program with an environment of its own; what it says goes to the end of a file."""

    def __init__(self, arguments: Sequence[str], env: Mapping[str, str], log: Path) -> None:
        self.log = log
        self._out = log.open("ab")
        argv = [sys.executable, *arguments]
        self.process = subprocess.Popen(argv, stdout=self._out, stderr=self._out, env=os.environ | env)

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self, number: signal.Signals = signal.SIGKILL) -> int:
        """End it, even where it is suspended, and wait; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(number)
        code = self.process.wait(60)
        self._out.close()
        return code

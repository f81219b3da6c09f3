"""What a process used."""

import math
import re
from pathlib import Path

import psutil


def peak_rss_mb(pid: int | str = "self") -> float:
    """Of this process alone: what getrusage says is never less than what its parent had when it forked."""
    try:
        found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    except OSError:  # no Linux
        found = None
    return int(found[1]) / 1024 if found else math.nan


def cpu_s(pid: int) -> float:
    """Of all its threads so far."""
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system

"""What the figures were measured on."""

import os
import platform
import re
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path

from bench.places import ROOT

LOCK = ROOT / "infra" / "embedded" / "jars.lock.yaml"
PACKAGES = ("confluent-kafka", "faust-streaming", "numba", "numpy", "chdb", "clickhouse-connect", "pyarrow")


def machine() -> dict[str, str]:
    """The machine, what ran on it, and which state of the repository."""
    facts = {
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load": f"{os.getloadavg()[0]:.1f} when the run began",
        "kafka": _kafka(),
        "commit": _output("git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=10"),
    }
    if shutil.which("java"):
        facts["java"] = _output("java", "-version").splitlines()[0]
    return facts | {name: version(name) for name in PACKAGES}


def _processor() -> str:
    try:
        found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    except OSError:
        found = None
    return found[1] if found else platform.processor() or platform.machine()


def _kafka() -> str:
    found = re.search(r"org\.apache\.kafka:kafka-clients:([\d.]+)", LOCK.read_text())
    return found[1] if found else "unknown"


def _output(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).strip() or "unknown"

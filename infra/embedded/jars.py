"""The jars of the embedded Kafka: exactly what jars.lock.yaml names, fetched by jgo, checked by SHA-256 at every use.

`python -m infra.embedded.jars lock [ROOT …]` resolves the roots anew (the lock's own where none are given) and
rewrites the lock; `fetch` fills the cache, for a machine that will be without network.
"""

import argparse
import hashlib
import logging
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tierfeed.errors import ConfigError, UpstreamError

LOCK = Path(__file__).with_name("jars.lock.yaml")
COMPILER = Path(__file__).parent / "authorizer" / "compiler.lock.yaml"
EXPORTER = Path(__file__).parent / "exporter" / "exporter.lock.yaml"
"""What a secured Kafka needs besides: to build its authorizer, and to tell of bytes."""
CACHE = Path("~/.cache/tierfeed/jars").expanduser()
WORKERS = 8
ATTEMPTS = 3
RETRY_S = 0.5

Progress = Callable[[int, int], None]
"""Called from the fetching threads with (bytes fetched so far, bytes to fetch)."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Jar:
    """One locked artifact."""

    group: str
    artifact: str
    version: str
    bytes: int
    sha256: str
    packaging: str = "jar"
    classifier: str = ""

    @property
    def coordinate(self) -> str:
        return f"{self.group}:{self.artifact}:{self.version}"

    @property
    def file_name(self) -> str:
        classifier = f"-{self.classifier}" if self.classifier else ""
        return f"{self.artifact}-{self.version}{classifier}.{self.packaging}"

    def is_sound(self, path: Path) -> bool:
        """Whether `path` holds exactly the locked bytes."""
        try:
            return path.stat().st_size == self.bytes and _sha256(path) == self.sha256
        except FileNotFoundError:
            return False


@dataclass(frozen=True, slots=True)
class Lock:
    """What was asked for (`roots`) and every jar that follows from it, in class-path order."""

    roots: tuple[str, ...]
    jars: tuple[Jar, ...]


def read_lock(path: Path = LOCK) -> Lock:
    """The committed lock. Raises ConfigError with every problem found."""
    document = yaml.safe_load(path.read_text())
    problems, jars = [], []
    for number, row in enumerate(document["jars"]):
        parts = str(row.get("jar")).split(":")
        size, digest = row.get("bytes"), row.get("sha256")
        if len(parts) != 3 or not all(parts):
            problems.append(f"{path.name}: jars[{number}].jar must be group:artifact:version, was {row.get('jar')!r}")
        elif not isinstance(size, int) or size < 1:
            problems.append(f"{path.name}: {row['jar']}: bytes must be a positive number, was {size!r}")
        elif not isinstance(digest, str) or len(digest) != 64:
            problems.append(f"{path.name}: {row['jar']}: sha256 must be 64 hexadecimal digits, was {digest!r}")
        else:
            group, artifact, version = parts
            jars.append(Jar(group, artifact, version, size, digest))
    if problems:
        raise ConfigError(problems)
    return Lock(tuple(document["roots"]), tuple(jars))


def fetch(
    lock: Lock,
    cache: Path = CACHE,
    *,
    repositories: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> tuple[Path, ...]:
    """Paths of all locked jars, each checked; what is missing or damaged is fetched first.

    `repositories` (name to address) replaces Maven Central. Raises UpstreamError where a jar cannot be had.
    Several processes may fetch into one cache at once: a jar appears there whole or not at all.
    """
    paths = tuple(cache / jar.file_name for jar in lock.jars)
    with ThreadPoolExecutor(WORKERS) as pool:
        sound = list(pool.map(Jar.is_sound, lock.jars, paths))
    missing = [jar for jar, fine in zip(lock.jars, sound, strict=True) if not fine]
    if missing:
        for jar in missing:
            if (cache / jar.file_name).exists():
                _log.warning("%s is damaged, fetching it again", cache / jar.file_name)
        try:
            cache.mkdir(parents=True, exist_ok=True)
            _fetch_all(missing, cache, repositories, _Meter(sum(jar.bytes for jar in missing), progress))
        except (OSError, RuntimeError) as error:
            raise UpstreamError(
                f"cannot fetch {len(missing)} of {len(lock.jars)} Kafka jars into {cache}: {error}. Connect this "
                f"machine to Maven Central once, or copy that folder from a machine that has it, or set "
                f"kafka.bootstrap_servers to a running Kafka cluster"
            ) from error
    return paths


class _Meter:
    """Adds up what all the threads have fetched and passes it on."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self._total, self._progress = total, progress
        self._done, self._guard = 0, threading.Lock()

    def add(self, count: int) -> None:
        with self._guard:
            self._done += count
            if self._progress is not None:
                self._progress(self._done, self._total)

    @contextmanager
    def of_one(self, _name: str, _size: int) -> Iterator[Callable[[int], None]]:
        """What jgo wants of a progress callback."""
        yield self.add


def _fetch_all(jars: Sequence[Jar], cache: Path, repositories: Mapping[str, str] | None, meter: _Meter) -> None:
    pool = ThreadPoolExecutor(WORKERS)
    try:
        for done in [pool.submit(_fetch_one, jar, cache, repositories, meter) for jar in jars]:
            done.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _fetch_one(jar: Jar, cache: Path, repositories: Mapping[str, str] | None, meter: _Meter) -> None:
    for attempt in range(1, ATTEMPTS + 1):
        # jgo writes straight to its target and refuses one that exists: a folder of its own for every attempt.
        with tempfile.TemporaryDirectory(prefix=".fetch-", dir=cache) as staging:
            try:
                fetched = _download(jar, Path(staging), repositories, meter)
                if not jar.is_sound(fetched):
                    raise RuntimeError(
                        f"{jar.coordinate} has SHA-256 {_sha256(fetched)} there, the lock says {jar.sha256}"
                    )
                fetched.replace(cache / jar.file_name)
                return
            except (OSError, RuntimeError) as error:
                if attempt == ATTEMPTS:
                    raise
                _log.info("attempt %s at %s failed: %s", attempt, jar.coordinate, error)
        time.sleep(RETRY_S * attempt)


def _download(jar: Jar, staging: Path, repositories: Mapping[str, str] | None, meter: _Meter) -> Path:
    version = _context(staging, repositories, meter).project(jar.group, jar.artifact).at_version(jar.version)
    return Path(version.artifact(jar.classifier, jar.packaging).resolve())


def _context(folder: Path, repositories: Mapping[str, str] | None = None, meter: _Meter | None = None) -> Any:
    # jgo's lower layer only (the higher one downloads a JDK); imported late, for it is needed once per machine.
    from jgo.maven import MavenContext, PythonResolver

    resolver = PythonResolver(progress_callback=meter.of_one if meter is not None else None)
    return MavenContext(resolver, repo_cache=folder, remote_repos=None if repositories is None else dict(repositories))


def resolve(roots: Sequence[str]) -> Lock:
    """Walk the POMs of `roots` (group:artifact:version each) and lock every runtime jar. Needs the network."""
    with tempfile.TemporaryDirectory(prefix="tierfeed-lock-") as folder:
        context = _context(Path(folder))
        # The "!": else log4j's BOM is applied to Kafka too, and a server gets kafka-clients of another version.
        wanted, rest = context.resolver.resolve([context.create_dependency(f"{root}!") for root in roots])
        artifacts = [each.artifact for each in wanted]
        artifacts += [each.artifact for each in rest if each.scope in ("compile", "runtime")]
        artifacts = [artifact for artifact in artifacts if artifact.packaging == "jar" and not artifact.classifier]
        with ThreadPoolExecutor(WORKERS) as pool:
            paths = [Path(path) for path in pool.map(lambda artifact: artifact.resolve(), artifacts)]
        jars = [
            Jar(each.groupId, each.artifactId, each.version, path.stat().st_size, _sha256(path))
            for each, path in zip(artifacts, paths, strict=True)
        ]
    return Lock(tuple(roots), tuple(jars))


def write_lock(lock: Lock, path: Path = LOCK) -> None:
    """Write `lock` as `read_lock` reads it."""
    document = {
        "roots": list(lock.roots),
        "jars": [{"jar": jar.coordinate, "bytes": jar.bytes, "sha256": jar.sha256} for jar in lock.jars],
    }
    head = "# Written by `python -m infra.embedded.jars lock`; not to be edited by hand.\n"
    path.write_text(head + yaml.safe_dump(document, sort_keys=False, width=200))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def main(arguments: Sequence[str] | None = None) -> int:
    """The maintainers' command line."""
    parser = argparse.ArgumentParser(prog="python -m infra.embedded.jars", description=__doc__)
    parser.add_argument("action", choices=("lock", "fetch"))
    parser.add_argument("roots", nargs="*", metavar="ROOT", help="group:artifact:version")
    asked = parser.parse_args(arguments)
    if asked.action == "lock":
        lock = resolve(asked.roots or read_lock().roots)
        write_lock(lock)
        sys.stderr.write(f"{LOCK.name}: {len(lock.jars)} jars\n")
    else:
        fetched = [path for lock in (LOCK, COMPILER, EXPORTER) for path in fetch(read_lock(lock))]
        sys.stderr.write(f"{len(fetched)} jars in {CACHE}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

import hashlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from infra.embedded import jars
from infra.embedded.jars import Jar, Lock
from tierfeed.errors import UpstreamError

CONTENTS = {f"jar{number}": bytes([number]) * 100_000 for number in range(20)}
LOCK = Lock(
    ("org.example:jar0:1.0",),
    tuple(
        Jar("org.example", name, "1.0", len(content), hashlib.sha256(content).hexdigest())
        for name, content in CONTENTS.items()
    ),
)


class Repository(SimpleHTTPRequestHandler):
    """A Maven repository that remembers what was asked of it."""

    asked: list[str]

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        self.asked.append(self.path)


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[dict[str, str]]:
    root = tmp_path / "repository"
    for name, content in CONTENTS.items():
        file = root / "org" / "example" / name / "1.0" / f"{name}-1.0.jar"
        file.parent.mkdir(parents=True)
        file.write_bytes(content)
        file.with_name(f"{file.name}.sha1").write_text(hashlib.sha1(content).hexdigest())
    Repository.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Repository, directory=str(root)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield {"here": f"http://127.0.0.1:{server.server_port}"}
    server.shutdown()
    server.server_close()


def jars_asked() -> list[str]:
    return [path for path in Repository.asked if path.endswith(".jar")]


def test_exactly_the_locked_jars_are_fetched_and_progress_is_told(tmp_path: Path, repository: dict[str, str]) -> None:
    told: list[tuple[int, int]] = []
    cache = tmp_path / "cache"
    paths = jars.fetch(LOCK, cache, repositories=repository, progress=lambda done, total: told.append((done, total)))
    assert [path.read_bytes() for path in paths] == list(CONTENTS.values())
    assert sorted(file.name for file in cache.iterdir()) == sorted(jar.file_name for jar in LOCK.jars)
    assert told == sorted(told)
    assert told[-1] == (2_000_000, 2_000_000)
    assert not [path for path in Repository.asked if path.endswith(".pom")]


def test_a_damaged_jar_alone_is_fetched_again_and_once(tmp_path: Path, repository: dict[str, str]) -> None:
    paths = jars.fetch(LOCK, tmp_path / "cache", repositories=repository)
    paths[3].write_bytes(b"\0" + CONTENTS["jar3"][1:])
    Repository.asked.clear()
    assert jars.fetch(LOCK, tmp_path / "cache", repositories=repository)[3].read_bytes() == CONTENTS["jar3"]
    assert jars_asked() == ["/org/example/jar3/1.0/jar3-1.0.jar"]
    jars.fetch(LOCK, tmp_path / "cache", repositories=repository)
    assert len(jars_asked()) == 1


def test_a_jar_that_is_not_the_locked_one_is_refused(tmp_path: Path, repository: dict[str, str]) -> None:
    (tmp_path / "repository/org/example/jar7/1.0/jar7-1.0.jar").write_bytes(b"\xff" * 100_000)
    with pytest.raises(UpstreamError, match=r"org\.example:jar7:1\.0 has SHA-256 [0-9a-f]{64} there, the lock says"):
        jars.fetch(LOCK, tmp_path / "cache", repositories=repository)
    assert not (tmp_path / "cache" / "jar7-1.0.jar").exists()


def test_a_jar_that_is_not_there_is_told_by_its_name(tmp_path: Path, repository: dict[str, str]) -> None:
    (tmp_path / "repository/org/example/jar7/1.0/jar7-1.0.jar").unlink()
    with pytest.raises(UpstreamError, match="jar7"):
        jars.fetch(LOCK, tmp_path / "cache", repositories=repository)


def test_several_may_fill_one_cache_at_once(tmp_path: Path, repository: dict[str, str]) -> None:
    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(jars.fetch, LOCK, tmp_path / "cache", repositories=repository) for _ in range(4)]
        results = [[path.read_bytes() for path in future.result()] for future in futures]
    assert results == [list(CONTENTS.values())] * 4


def test_an_unreachable_repository_is_told_within_seconds(tmp_path: Path) -> None:
    with pytest.raises(UpstreamError, match=r"cannot fetch 20 of 20 Kafka jars .*refused.*Connect this machine"):
        jars.fetch(LOCK, tmp_path / "cache", repositories={"nowhere": "http://127.0.0.1:9"})

import hashlib
from pathlib import Path

import pytest

from infra.embedded import jars
from infra.embedded.jars import Jar, Lock
from tierfeed.errors import ConfigError, UpstreamError

NOWHERE = {"nowhere": "http://127.0.0.1:9"}


def locked(content: bytes, artifact: str = "left-pad") -> Jar:
    return Jar("org.example", artifact, "1.0", len(content), hashlib.sha256(content).hexdigest())


def filled(cache: Path, *contents: bytes) -> Lock:
    found = tuple(locked(content, f"jar{number}") for number, content in enumerate(contents))
    for jar, content in zip(found, contents, strict=True):
        (cache / jar.file_name).write_bytes(content)
    return Lock(("org.example:jar0:1.0",), found)


def test_every_kafka_jar_of_the_lock_has_the_version_of_its_root() -> None:
    lock = jars.read_lock()
    kafka = {jar.version for jar in lock.jars if jar.group == "org.apache.kafka"}
    assert kafka == {lock.roots[0].rpartition(":")[2]}


def test_the_lock_binds_slf4j_1_to_log4j_and_nothing_else() -> None:
    lock = {jar.artifact: jar.version for jar in jars.read_lock().jars}
    assert lock["slf4j-api"].startswith("1.")
    assert "log4j-slf4j-impl" in lock
    assert "log4j-slf4j2-impl" not in lock


def test_no_jar_is_locked_twice() -> None:
    names = [(jar.group, jar.artifact) for jar in jars.read_lock().jars]
    assert len(names) == len(set(names))


def test_a_written_lock_reads_as_it_was(tmp_path: Path) -> None:
    lock = Lock(("g:a:1",), (locked(b"x"), locked(b"yy", "other")))
    jars.write_lock(lock, tmp_path / "lock.yaml")
    assert jars.read_lock(tmp_path / "lock.yaml") == lock


def test_all_problems_of_a_lock_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "lock.yaml"
    path.write_text(
        "roots: []\njars:\n- {jar: 'a:b'}\n- {jar: 'g:a:1', bytes: 0}\n- {jar: 'g:b:1', bytes: 5, sha256: ab}\n"
    )
    with pytest.raises(ConfigError) as raised:
        jars.read_lock(path)
    assert raised.value.problems == (
        "lock.yaml: jars[0].jar must be group:artifact:version, was 'a:b'",
        "lock.yaml: g:a:1: bytes must be a positive number, was 0",
        "lock.yaml: g:b:1: sha256 must be 64 hexadecimal digits, was 'ab'",
    )


def test_a_full_cache_needs_no_network(tmp_path: Path) -> None:
    lock = filled(tmp_path, b"one", b"two")
    assert jars.fetch(lock, tmp_path, repositories=NOWHERE) == (tmp_path / "jar0-1.0.jar", tmp_path / "jar1-1.0.jar")


@pytest.mark.parametrize("damage", [b"onE", b"on", b""], ids=["changed", "cut short", "emptied"])
def test_a_damaged_jar_is_not_taken(tmp_path: Path, damage: bytes) -> None:
    lock = filled(tmp_path, b"one", b"two")
    (tmp_path / "jar0-1.0.jar").write_bytes(damage)
    assert [jar.is_sound(tmp_path / jar.file_name) for jar in lock.jars] == [False, True]


def test_without_network_and_with_an_empty_cache_it_is_said_what_to_do(tmp_path: Path) -> None:
    lock = Lock((), (locked(b"one"), locked(b"two", "other")))
    cache = tmp_path / "cache"
    with pytest.raises(UpstreamError) as raised:
        jars.fetch(lock, cache, repositories=NOWHERE)
    told = str(raised.value)
    assert told.startswith(f"cannot fetch 2 of 2 Kafka jars into {cache}: ")
    assert told.endswith(
        "Connect this machine to Maven Central once, or copy that folder from a machine that has it, "
        "or set kafka.bootstrap_servers to a running Kafka cluster"
    )
    assert list(cache.iterdir()) == []

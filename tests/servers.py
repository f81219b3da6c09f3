"""Which real Kafka and ClickHouse the tests run on: a given address, else Docker, else the embedded ones."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import docker
import requests
from docker.errors import DockerException

from infra.embedded import jars
from infra.embedded.kafka import PARTITIONS, SERVER, EmbeddedKafka, State
from infra.embedded.ports import free_ports
from infra.kafka import wait_ready
from tierfeed.settings import ClickHouseSettings, KafkaSettings

KAFKA_ADDRESS = "TIERFEED_TEST_KAFKA"
CLICKHOUSE_ADDRESS = "TIERFEED_TEST_CLICKHOUSE"
NO_DOCKER = "TIERFEED_TEST_NO_DOCKER"
CLICKHOUSE_IMAGE = "clickhouse/clickhouse-server:25.8"
PING_S = 2


def kind(address_variable: str) -> str:
    """`external`, `docker` or `embedded`."""
    if os.environ.get(address_variable):
        return "external"
    return "docker" if _docker_answers() else "embedded"


@cache
def _docker_answers() -> bool:
    # Ping first: testcontainers finds out late and loudly.
    if os.environ.get(NO_DOCKER):
        return False
    try:
        return bool(docker.from_env(timeout=PING_S).ping())
    except (DockerException, requests.RequestException):
        return False


@contextmanager
def kafka(folder: Path) -> Iterator[KafkaSettings]:
    """A Kafka cluster for the whole session."""
    match kind(KAFKA_ADDRESS):
        case "external":
            yield _settings(os.environ[KAFKA_ADDRESS])
        case "docker":
            with _kafka_in_docker() as address:
                yield _settings(address)
        case _:
            server = EmbeddedKafka(folder)
            try:
                yield server.start().settings()
            finally:
                server.stop()


@contextmanager
def secured_kafka(folder: Path) -> Iterator[State]:
    """A secured one of the session's own; always embedded, for it is its access control that is tested."""
    server = EmbeddedKafka(folder, secure=True)
    try:
        yield server.start()
    finally:
        server.stop()


def _settings(address: str) -> KafkaSettings:
    return KafkaSettings(bootstrap_servers=address, partitions=PARTITIONS, replication_factor=1)


@contextmanager
def _kafka_in_docker() -> Iterator[str]:
    """The image of the version that the embedded one has, with its very configuration."""
    from testcontainers.core.container import DockerContainer

    version = jars.read_lock().roots[0].rpartition(":")[2]
    port = free_ports(1)[0]
    text = SERVER.substitute(
        host="localhost", port=port, controller=9093, protocol="PLAINTEXT", controller_protocol="PLAINTEXT"
    )
    lines = [line.split("=", 1) for line in text.splitlines() if line and not line.startswith("#")]
    env = {f"KAFKA_{key.upper().replace('.', '_')}": value for key, value in lines}
    env["KAFKA_LISTENERS"] = f"CLIENTS://:{port},CONTROLLER://:9093"
    env["KAFKA_ADVERTISED_LISTENERS"] = f"CLIENTS://localhost:{port}"
    env["KAFKA_LOG_DIRS"] = "/tmp/kafka-data"
    container = DockerContainer(f"apache/kafka:{version}", env=env).with_bind_ports(port, port)
    with container:
        address = f"{container.get_container_host_ip()}:{port}"
        wait_ready(_settings(address), 60.0)
        yield address


@contextmanager
def clickhouse(folder: Path) -> Iterator[ClickHouseSettings]:
    """A ClickHouse for the whole session, at its `default` database."""
    match kind(CLICKHOUSE_ADDRESS):
        case "external":
            yield _from_url(os.environ[CLICKHOUSE_ADDRESS])
        case "docker":
            from testcontainers.community.clickhouse import ClickHouseContainer

            with ClickHouseContainer(CLICKHOUSE_IMAGE, port=8123) as container:
                host, port = container.get_container_host_ip(), container.get_exposed_port(8123)
                yield _from_url(f"http://{container.username}:{container.password}@{host}:{port}")
        case _:
            from infra.embedded.clickhouse import EmbeddedClickHouse

            server = EmbeddedClickHouse(folder)
            try:
                yield ClickHouseSettings(url=server.start(die_with_parent=True).url, database="default")
            finally:
                server.stop()


def _from_url(url: str) -> ClickHouseSettings:
    parts = urlsplit(url)
    bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    return ClickHouseSettings(
        url=bare, database="default", username=parts.username or "default", password=parts.password or ""
    )

"""Fixtures and rules for every test: real servers, names of one's own, no network in unit tests, no silent skip."""

import os
import shutil
import socket
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import clickhouse_connect
import pytest

from infra.embedded.kafka import State
from infra.kafka import admin, apply, plan_topics
from schemas.topics import Topic
from tests import servers
from tierfeed.settings import ClickHouseSettings, KafkaSettings

# Their assertions, too, shall say what was there when they fail.
pytest.register_assert_rewrite("tests.integration.stream_parts", "tests.integration.client_parts", "tests.sink_parts")

WITHOUT_NETWORK = Path(__file__).parent / "unit"
PASSED = pytest.StashKey[bool]()
NEEDED = {
    "kcat": "kcat on the PATH (Debian's package kcat)",
    "chromium": "chromium on the PATH (Debian's package chromium)",
}


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaSettings]:
    """A Kafka cluster that all tests share: name topics by `unique`."""
    with servers.kafka(tmp_path_factory.mktemp("kafka")) as settings:
        yield settings


@pytest.fixture(scope="session")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[State]:
    """A secured Kafka cluster that all tests share: `secured.settings()` is its admin."""
    with servers.secured_kafka(tmp_path_factory.mktemp("secured")) as state:
        yield state


@pytest.fixture(scope="session")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseSettings]:
    """A ClickHouse that all tests share: use `database`."""
    with servers.clickhouse(tmp_path_factory.mktemp("clickhouse")) as settings:
        yield settings


@pytest.fixture
def unique(request: pytest.FixtureRequest) -> Iterator[str]:
    """A word no other test has, fit for topics, groups, brokers and tiers. Topics with it stay if the test fails."""
    word = f"t{uuid.uuid4().hex[:10]}"
    yield word
    if "kafka" in request.fixturenames and request.node.stash.get(PASSED, False):
        client = admin(request.getfixturevalue("kafka"))
        if names := [name for name in client.list_topics(timeout=10).topics if word in name]:
            for future in client.delete_topics(names).values():
                future.result()


@pytest.fixture
def make_topic(kafka: KafkaSettings, unique: str) -> Callable[..., str]:
    """`make_topic("ticks", partitions=1, **{"cleanup.policy": "compact"})`: creates it, returns its unique name."""

    def make(name: str = "topic", partitions: int = kafka.partitions, **config: str) -> str:
        config = {"message.timestamp.type": "LogAppendTime"} | config
        topic = Topic(name=f"{unique}.{name}", key="symbol", values=(), partitions=partitions, config=config)
        apply(plan_topics({topic.name: topic}, {}), admin(kafka))
        return topic.name

    return make


@pytest.fixture
def database(clickhouse: ClickHouseSettings, request: pytest.FixtureRequest) -> Iterator[ClickHouseSettings]:
    """Settings of a database of the test's own; it stays if the test fails."""
    name = f"t{uuid.uuid4().hex[:10]}"
    address = urlsplit(clickhouse.url)
    client = clickhouse_connect.get_client(
        host=address.hostname,
        port=address.port,
        username=clickhouse.username,
        password=clickhouse.password.get_secret_value(),
    )
    client.command(f"CREATE DATABASE {name}")
    yield clickhouse.model_copy(update={"database": name})
    if request.node.stash.get(PASSED, False):
        client.command(f"DROP DATABASE {name}")
    client.close()


def pytest_report_header() -> str:
    return _kinds()


def _kinds() -> str:
    return f"kafka: {servers.kind(servers.KAFKA_ADDRESS)}, clickhouse: {servers.kind(servers.CLICKHOUSE_ADDRESS)}"


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark, needed in NEEDED.items():
        if item.get_closest_marker(mark) and not shutil.which(mark):
            pytest.skip(f"needs {needed}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    if item.path.is_relative_to(WITHOUT_NETWORK):
        with _no_network():
            return (yield)
    return (yield)


@contextmanager
def _no_network() -> Iterator[None]:
    """Python's own sockets are of the AF_UNIX kind, or none."""
    opened = socket.socket.__init__

    def refuse(self: socket.socket, family: int = -1, type: int = -1, proto: int = -1, fileno: Any = None) -> None:  # noqa: A002
        if fileno is None and family != socket.AF_UNIX:
            raise RuntimeError("a unit test opened a socket: it belongs in tests/integration")
        opened(self, family, type, proto, fileno)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "__init__", refuse)
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[Any]:
    report = yield
    if report.when == "call":
        item.stash[PASSED] = report.passed
    return _strict(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Iterator[Any]:
    report = yield
    return _strict(report)


def _strict(report: Any) -> Any:
    """In CI nothing may be skipped."""
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("CI") == "true":
        report.outcome, report.longrepr = "failed", f"skipped in CI: {_reason(report)}"
    return report


def _reason(report: Any) -> str:
    return str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr).removeprefix("Skipped: ")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.line(_kinds())  # -q takes the header away
    if skipped := terminalreporter.stats.get("skipped"):
        terminalreporter.section("skipped")
        for report in skipped:
            terminalreporter.line(f"{report.nodeid}: {_reason(report)}")

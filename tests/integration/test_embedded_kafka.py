import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import confluent_kafka as ck
import psutil
import pytest

from infra.embedded import kafka as embedded
from infra.embedded.kafka import EmbeddedKafka, State
from infra.kafka import admin, apply, plan_topics, producer
from schemas.topics import Topic
from tenants.meter.exporter import ask
from tests.builders import eventually
from tierfeed.errors import UpstreamError
from tierfeed.settings import KafkaSettings

pytestmark = pytest.mark.kafka

ROOT = Path(__file__).parents[2]
PARTITIONS = 3


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedKafka]:
    """One folder for all tests of this file: each begins with a start or a stop, whatever the one before left."""
    found = EmbeddedKafka(tmp_path_factory.mktemp("lone") / "hömé, of kafka", heap_mb=256)
    yield found
    found.stop()


def fill(settings: KafkaSettings, topic: str, records: int) -> None:
    declared = Topic(name=topic, key="symbol", values=(), partitions=PARTITIONS)
    apply(plan_topics({topic: declared}, {}), admin(settings))
    sending = producer(settings)
    for number in range(records):
        sending.produce(topic, str(number), partition=number % PARTITIONS)
    assert sending.flush(30) == 0


def stored(settings: KafkaSettings, topic: str, records: int) -> set[int]:
    """What the topic holds, once as many as `records` have come."""
    consumer = ck.Consumer(settings.client() | {"group.id": "reader", "enable.auto.commit": False})
    consumer.assign([ck.TopicPartition(topic, number, 0) for number in range(PARTITIONS)])
    found: set[int] = set()

    def all_there() -> bool:
        messages = [message for message in consumer.consume(1000, 0.2) if message.error() is None]
        found.update(int(message.value() or b"") for message in messages)
        return len(found) >= records

    eventually(all_there, within_s=30)
    consumer.close()
    return found


def running(state: State) -> int:
    assert state.pid is not None
    return state.pid


def test_what_was_stored_is_there_after_a_stop_and_a_start_at_the_same_address(server: EmbeddedKafka) -> None:
    first = server.start()
    fill(first.settings(), "stopped", 1000)
    assert server.stop()
    assert not server.is_alive()
    assert server.attach() is None
    second = server.start()
    assert second.bootstrap_servers == first.bootstrap_servers
    assert stored(second.settings(), "stopped", 1000) == set(range(1000))


def test_after_kill_9_it_starts_again_and_has_everything_it_acknowledged(server: EmbeddedKafka) -> None:
    first = server.start()
    fill(first.settings(), "killed", 1000)
    os.kill(running(first), signal.SIGKILL)
    eventually(lambda: not server.is_alive())
    second = server.start()
    assert second.bootstrap_servers == first.bootstrap_servers
    assert running(second) != running(first)
    assert stored(second.settings(), "killed", 1000) == set(range(1000))


def test_whoever_starts_it_second_finds_the_first_and_may_stop_it(server: EmbeddedKafka) -> None:
    first = server.start()
    other = EmbeddedKafka(server.home)
    assert other.attach() == other.start() == first
    assert other.stop()
    eventually(lambda: not server.is_alive())
    assert not server.stop()


def test_it_listens_on_loopback_only_and_ctrl_c_does_not_reach_it(server: EmbeddedKafka) -> None:
    state = server.start()
    process = psutil.Process(running(state))
    listening = [each.laddr for each in process.net_connections() if each.status == psutil.CONN_LISTEN]
    assert {address.port for address in listening} == {state.port, state.controller_port}
    assert {address.ip.removeprefix("::ffff:") for address in listening} == {"127.0.0.1"}
    assert os.getsid(process.pid) != os.getsid(0)


def test_it_moves_when_another_took_its_port_and_keeps_its_data(server: EmbeddedKafka) -> None:
    first = server.start()
    fill(first.settings(), "moved", 30)
    server.stop()
    with socket.create_server(("127.0.0.1", first.port)):
        second = server.start()
        assert second.port != first.port
        assert stored(second.settings(), "moved", 30) == set(range(30))


def test_one_that_no_longer_answers_is_replaced(server: EmbeddedKafka, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "ANSWER_S", 1.0)
    first = server.start()
    os.kill(running(first), signal.SIGSTOP)
    assert server.attach() is None
    second = server.start()
    assert running(second) != running(first)
    assert not psutil.pid_exists(running(first))


def test_the_process_of_another_is_never_taken_for_the_server(tmp_path: Path) -> None:
    home = tmp_path / "kafka"
    home.mkdir()
    (home / "state.json").write_text(
        json.dumps({"port": 1, "controller_port": 2, "cluster_id": "x", "pid": os.getpid()})
    )
    server = EmbeddedKafka(home)
    assert not server.is_alive()
    assert server.attach() is None
    assert not server.stop()


def test_one_that_cannot_start_says_why(tmp_path: Path) -> None:
    server = EmbeddedKafka(tmp_path / "kafka", heap_mb=1)
    with pytest.raises(UpstreamError, match="heap"):
        server.start()
    assert not server.is_alive()


@pytest.mark.parametrize("die_with_parent", [True, False])
def test_when_its_starter_is_killed_it_ends_too_unless_it_was_told_otherwise(
    server: EmbeddedKafka, die_with_parent: bool
) -> None:
    server.stop()
    script = f"""
import pathlib, signal, threading
from infra.embedded.kafka import EmbeddedKafka
server = EmbeddedKafka(pathlib.Path({str(server.home)!r}), heap_mb=256)
starting = threading.Thread(target=lambda: server.start(die_with_parent={die_with_parent}))
starting.start()
starting.join()  # the end of the thread that called start is not the end of the process
print("started", flush=True)
signal.pause()
"""
    with subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE) as starter:
        assert starter.stdout is not None
        assert starter.stdout.readline() == b"started\n"
        assert server.attach() is not None
        starter.kill()
    if die_with_parent:
        eventually(lambda: not server.is_alive(), within_s=20)
    else:
        assert server.attach() is not None
        assert server.stop()


def test_a_secured_one_keeps_its_address_whatever_becomes_of_its_exporters(tmp_path: Path) -> None:
    server = EmbeddedKafka(tmp_path, heap_mb=256, secure=True)
    try:
        first = server.start()
        server.stop()
        assert first.exporter_port is not None
        with socket.create_server(("127.0.0.1", first.exporter_port)):
            second = server.start()
        server.stop()
        assert (second.port, second.controller_port) == (first.port, first.controller_port)
        assert second.exporter_port not in (None, first.exporter_port)
        state = tmp_path / "state.json"
        of_before = json.loads(state.read_text())
        del of_before["exporter_port"]  # a folder from before there were any
        state.write_text(json.dumps(of_before))
        third = server.start()
        assert third.port == first.port
        assert third.exporter_url is not None
        assert ask(third.exporter_url)
    finally:
        server.stop()

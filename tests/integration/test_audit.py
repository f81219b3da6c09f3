"""What the cluster refuses arrives on `access.decisions`, each refusal once, whatever happens to the auditor."""

import os
import random
import re
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import confluent_kafka as ck
import pytest

from infra.acls import upsert_scram
from infra.embedded.kafka import State
from infra.kafka import admin, apply, describe, plan_topics
from infra.principals import provide
from schemas import catalogue, topics
from tests.builders import eventually
from tests.child import Child
from tierfeed.domain.tenants import PARTS
from tierfeed.settings import Settings

pytestmark = pytest.mark.kafka

SEED = int(os.environ.get("TIERFEED_TEST_SEED", "0")) or random.randrange(1, 1_000_000)
SETTINGS = Settings.model_construct(brokers=("fxcm",))


@pytest.fixture(scope="module")
def audited(secured: State) -> State:
    """The secured cluster with its topics, its parts' rights, and an auditor's password."""
    kafka = secured.settings()
    client = admin(kafka)
    declared = topics.declared(SETTINGS.brokers, SETTINGS.tiers(), kafka.partitions)
    apply(plan_topics(declared, describe(client)), client)
    passwords = {user: f"{user}-password" for user in PARTS}
    provide(SETTINGS.model_copy(update={"kafka": kafka}), client, declared.values(), passwords)
    return secured


def log_of(state: State) -> Path:
    assert state.secrets is not None
    return Path(state.secrets).with_name("authorizer.log")


def auditor(state: State, log: Path) -> Child:
    """One auditor process, with the least rights."""
    env = {
        "TIERFEED_KAFKA__BOOTSTRAP_SERVERS": state.bootstrap_servers,
        "TIERFEED_KAFKA__SECURITY_PROTOCOL": "SASL_PLAINTEXT",
        "TIERFEED_KAFKA__USERNAME": "audit",
        "TIERFEED_KAFKA__PASSWORD": "audit-password",
        "TIERFEED_KAFKA__AUTHORIZER_LOG": str(log_of(state)),
        "TIERFEED_CLICKHOUSE__URL": "http://127.0.0.1:1",
    }
    return Child(("-m", "tierfeed", "audit", "run"), env, log)


@pytest.fixture
def auditors(audited: State, tmp_path: Path) -> Iterator[list[Child]]:
    started: list[Child] = []
    yield started
    for each in started:
        each.end()


def refused(state: State, user: str, password: str, topic: str) -> None:
    """Ask for a topic that is not the user's; one request, one line in the log."""
    client = ck.admin.AdminClient(
        {
            "bootstrap.servers": state.bootstrap_servers,
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": user,
            "sasl.password": password,
        }
    )
    found = client.list_topics(topic, timeout=10).topics[topic]
    assert found.error is not None
    assert found.error.code() == ck.KafkaError.TOPIC_AUTHORIZATION_FAILED


def decisions(state: State, user: str) -> list[dict[str, Any]]:
    """Everything on the topic that a user was refused."""
    reader = ck.Consumer(state.settings().client(group_id="decisions", enable_auto_commit=False))
    places = [ck.TopicPartition(topics.DECISIONS, at) for at in range(state.settings().partitions)]
    ends = {place.partition: reader.get_watermark_offsets(place, 10)[1] for place in places}
    reader.assign([ck.TopicPartition(topics.DECISIONS, at, 0) for at in ends])
    found, left = [], sum(ends.values())
    while left > 0:
        for message in reader.consume(1000, 1):
            left -= 1
            _, record = catalogue.decode(message.value() or b"")
            if record["principal"] == user:
                found.append(record)
    reader.close()
    return found


def test_refusals_are_told_once_though_the_auditor_is_killed_again_and_again(
    audited: State, auditors: list[Child], unique: str, tmp_path: Path
) -> None:
    print("seed", SEED)
    chance, asked = random.Random(SEED), Counter[str]()
    upsert_scram(admin(audited.settings()), {unique: "password"})
    for life in range(4):
        auditors.append(auditor(audited, tmp_path / f"audit{life}.log"))
        for _ in range(chance.randrange(5, 30)):
            topic = chance.choice(["tier.pro", "tier.enterprise", "ticks.fxcm"])
            refused(audited, unique, "password", topic)
            asked[topic] += 1
        eventually(lambda: decisions(audited, unique), 30)
        auditors[-1].end(chance.choice([signal.SIGKILL, signal.SIGTERM]))
    auditors.append(auditor(audited, tmp_path / "last.log"))
    logged = Counter(re.findall(rf"User:{unique} is Denied .* Topic:LITERAL:(\S+) ", log_of(audited).read_text()))
    assert logged.keys() == asked.keys()
    eventually(lambda: len(decisions(audited, unique)) >= logged.total(), 30)
    told = decisions(audited, unique)
    assert Counter(record["resource"] for record in told) == logged
    assert {(record["tenant"], record["operation"]) for record in told} == {(unique, "DESCRIBE")}
    assert len({(record["source"], record["source_position"]) for record in told}) == len(told)
    assert auditors[-1].end(signal.SIGTERM) == 0


def test_the_product_s_own_parts_may_do_their_work_and_nothing_else(audited: State) -> None:
    for user, topic in (
        ("collectors", "tier.pro"),
        ("collectors", "usage"),
        ("streams", "usage"),
        ("sinks", "__consumer_offsets"),
        ("meter", "ticks.fxcm"),
        ("audit", "tier.free"),
        ("history", "tier.free"),
    ):
        refused(audited, user, f"{user}-password", topic)

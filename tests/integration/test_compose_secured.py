"""The secured Kafka of infra/compose/secure.yml, started as its image would: by its own environment."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from string import Template
from typing import Any

import confluent_kafka as ck
import pytest

from infra.acls import add_acls
from infra.embedded import kafka as embedded
from infra.embedded.kafka import EmbeddedKafka, State
from infra.embedded.ports import HOST, free_ports
from infra.kafka import admin, apply, describe, plan_topics, wait_ready
from infra.principals import rights
from schemas import topics
from tenants.cluster import Access
from tenants.plan import plan_tenants
from tests.builders import eventually
from tests.unit.test_compose import SERVICES, secured
from tierfeed.domain.tenants import Registered, Tenant
from tierfeed.errors import UpstreamError
from tierfeed.settings import KafkaSettings, Settings

pytestmark = pytest.mark.kafka


def properties(environment: dict[str, str], folder: Path, outside: int) -> str:
    """As apache/kafka's image makes server.properties of its environment: `_` is a dot, `___` a dash."""
    given = {key: value for key, value in environment.items() if re.match("KAFKA_(?!HEAP|OPTS)", key)}
    given |= {
        "KAFKA_LISTENERS": f"INSIDE://{HOST}:$port,OUTSIDE://{HOST}:{outside},CONTROLLER://{HOST}:$controller",
        "KAFKA_ADVERTISED_LISTENERS": f"INSIDE://{HOST}:$port,OUTSIDE://{HOST}:{outside}",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": f"1@{HOST}:$controller",
        "KAFKA_LOG_DIRS": str(folder),
    }
    names = {
        key: key.removeprefix("KAFKA_").replace("___", "-").replace("__", "-underscore-").replace("_", ".").lower()
        for key in given
    }
    return "\n".join(f"{names[key]}={value}" for key, value in given.items()) + "\n"


@pytest.fixture(scope="module")
def outside() -> int:
    return free_ports(1)[0]


@pytest.fixture(scope="module")
def inside(tmp_path_factory: pytest.TempPathFactory, outside: int) -> Iterator[KafkaSettings]:
    """Settings for the admin, on the listener that the parts use."""
    folder = tmp_path_factory.mktemp("compose")
    environment = {**SERVICES["kafka"]["environment"], **secured("kafka")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(embedded, "SERVER", Template(properties(environment, folder / "data", outside)))
        patch.setattr(State, "settings", lambda state, user="admin": signed_in(state.bootstrap_servers, user))
        server = EmbeddedKafka(folder / "kafka")
        try:
            yield server.start().settings()
        finally:
            server.stop()


def signed_in(servers: str, user: str) -> KafkaSettings:
    return KafkaSettings.model_validate(
        {
            "bootstrap_servers": servers, "security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": "PLAIN",
            "username": user, "password": f"secret-{user.upper()}_PASSWORD", "partitions": 6,
        }
    )  # fmt: skip


def test_parts_log_in_inside_and_have_their_rights_and_tenants_outside_have_theirs(
    inside: KafkaSettings, outside: int
) -> None:
    settings = Settings(kafka=inside, brokers=("fxcm",))
    client = admin(inside)
    declared = topics.declared(settings.brokers, settings.tiers(), inside.partitions)
    apply(plan_topics(declared, describe(client)), client)
    add_acls(client, rights(settings, declared.values()))
    collectors = signed_in(inside.bootstrap_servers, "collectors").client()
    eventually(lambda: visible(collectors) == {"control", "ticks.fxcm", "ticks.fxcm.dlq"}, 20)
    access = Access(inside, client)
    acme = Tenant(id="acme", name="Acme", tier="pro")
    plan = plan_tenants([acme], settings.tiers(), access.state(["acme"]), Registered({}, {}), date(2026, 7, 1))
    access.carry_out(plan)
    tenant = {
        "bootstrap.servers": f"{HOST}:{outside}", "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "SCRAM-SHA-512", "sasl.username": "acme", "sasl.password": access.passwords["acme"],
    }  # fmt: skip
    assert visible(tenant) == {"tier.pro", "tier.pro.latest"}


def test_nobody_comes_in_without_a_password_or_by_the_other_ones_door(inside: KafkaSettings, outside: int) -> None:
    for config in (
        {"bootstrap_servers": inside.bootstrap_servers},
        {"bootstrap_servers": f"{HOST}:{outside}"},
        inside.model_dump() | {"password": "wrong"},
        inside.model_dump() | {"password": "secret-ADMIN_PASSWORD", "bootstrap_servers": f"{HOST}:{outside}"},
    ):
        with pytest.raises(UpstreamError):
            wait_ready(Settings(kafka=config).kafka, 2)


def visible(config: dict[str, Any]) -> set[str]:
    return set(ck.admin.AdminClient(config).list_topics(timeout=20).topics)

"""Entitlement on a real, secured Kafka: what `tenants apply` gives, and nothing else, whatever client asks."""

import asyncio
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import confluent_kafka as ck
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import GroupAuthorizationFailedError, KafkaError, TopicAuthorizationFailedError

from infra.embedded.kafka import State
from infra.kafka import admin, apply, plan_topics, producer
from schemas import topics
from tenants.cluster import Access
from tenants.plan import plan_removal, plan_tenants
from tests.builders import eventually
from tierfeed.domain.tenants import Registered, Tenant
from tierfeed.settings import Settings

pytestmark = pytest.mark.kafka

RECORDS = 50
BULKY = 200
EVERYTHING = {str(number) for number in range(RECORDS)}
TODAY = date(2026, 7, 1)
NOBODY = Registered({}, {})
SETTINGS = Settings.model_construct(brokers=("fxcm",))
TIERS = SETTINGS.tiers()
TENANTS = [Tenant(id=f"{tier.name}-tenant", name=tier.name, tier=tier.name) for tier in TIERS]
IDS = [tenant.id for tenant in TENANTS]


@pytest.fixture(scope="module")
def access(secured: State) -> Access:
    """The cluster with every topic, records on those of the tiers, and a tenant of each tier."""
    kafka = secured.settings()
    client = admin(kafka)
    declared = topics.declared(SETTINGS.brokers, TIERS, kafka.partitions)
    apply(plan_topics(declared, {}), client)
    sending = producer(kafka)
    for topic in ("ticks.fxcm", *(topics.tier(tier.name) for tier in TIERS)):
        for number in range(RECORDS):
            sending.produce(topic, str(number), f"S{number}")
    assert sending.flush(30) == 0
    access = Access(kafka, client)
    access.carry_out(plan_tenants(TENANTS, TIERS, access.state(IDS), NOBODY, TODAY))
    return access


class Confluent:
    """librdkafka, as any tenant might use it."""

    @staticmethod
    def read(servers: str, user: str, password: str, topic: str, group: str) -> set[str]:
        """The values that are read, or the names of the errors."""
        told: set[str] = set()
        consumer = ck.Consumer(
            confluent(servers, user, password)
            | {"group.id": group, "auto.offset.reset": "earliest", "error_cb": lambda error: told.add(error.name())}
        )
        consumer.subscribe([topic])
        found: set[str] = set()
        deadline_s = time.monotonic() + 20
        while not (told or found >= EVERYTHING) and time.monotonic() < deadline_s:
            for message in consumer.consume(100, 0.2):
                if message.error() is None:
                    found.add((message.value() or b"").decode(errors="replace"))
                else:
                    told.add(message.error().name())
        consumer.close()
        return told - {"_ALL_BROKERS_DOWN"} or found  # which comes after the reason

    @staticmethod
    def write(servers: str, user: str, password: str, topic: str) -> set[str]:
        told: list[ck.KafkaError | None] = []
        sending = ck.Producer(confluent(servers, user, password))
        sending.produce(topic, b"x", on_delivery=lambda error, _: told.append(error))
        sending.flush(20)
        return {error.name() if error else "written" for error in told}


class Aio:
    """aiokafka: another implementation of the protocol."""

    @staticmethod
    def read(servers: str, user: str, password: str, topic: str, group: str) -> set[str]:
        async def read() -> set[str]:
            consumer = AIOKafkaConsumer(
                topic, group_id=group, auto_offset_reset="earliest", **aio(servers, user, password)
            )
            found: set[str] = set()
            try:
                await consumer.start()
                while not found >= EVERYTHING:
                    for messages in (await asyncio.wait_for(consumer.getmany(timeout_ms=500), 20)).values():
                        found.update((message.value or b"").decode(errors="replace") for message in messages)
            except TopicAuthorizationFailedError:
                return {"TOPIC_AUTHORIZATION_FAILED"}
            except GroupAuthorizationFailedError:
                return {"GROUP_AUTHORIZATION_FAILED"}
            except KafkaError as error:
                return {type(error).__name__}
            finally:
                await consumer.stop()
            return found

        return asyncio.run(read())

    @staticmethod
    def write(servers: str, user: str, password: str, topic: str) -> set[str]:
        async def write() -> set[str]:
            sending = AIOKafkaProducer(enable_idempotence=False, **aio(servers, user, password))
            try:
                await sending.start()
                await sending.send_and_wait(topic, b"x", partition=0)
            except TopicAuthorizationFailedError:
                return {"TOPIC_AUTHORIZATION_FAILED"}
            finally:
                await sending.stop()
            return {"written"}

        return asyncio.run(write())


def confluent(servers: str, user: str, password: str) -> dict[str, Any]:
    return {
        "bootstrap.servers": servers,
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": user,
        "sasl.password": password,
        "log_level": 0,
    }


def aio(servers: str, user: str, password: str) -> dict[str, Any]:
    return {
        "bootstrap_servers": servers,
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": user,
        "sasl_plain_password": password,
        "retry_backoff_ms": 50,
    }


clients = pytest.mark.parametrize("client", [Confluent, Aio])
every_tenant = pytest.mark.parametrize("tenant", TENANTS, ids=IDS)


@clients
@every_tenant
def test_a_tenant_reads_its_tier_in_its_own_groups(secured: State, access: Access, client: Any, tenant: Tenant) -> None:
    group = f"{tenant.id}.{client.__name__}"
    read = client.read(secured.bootstrap_servers, tenant.id, access.passwords[tenant.id], f"tier.{tenant.tier}", group)
    assert read >= EVERYTHING  # other tests of the session write there, too


@clients
@every_tenant
def test_a_tenant_reads_no_other_tier_and_no_brokers_ticks(
    secured: State, access: Access, client: Any, tenant: Tenant
) -> None:
    others = [f"tier.{tier.name}" for tier in TIERS if tier.name != tenant.tier]
    for topic in (*others, "ticks.fxcm", "usage"):
        read = client.read(
            secured.bootstrap_servers, tenant.id, access.passwords[tenant.id], topic, f"{tenant.id}.other"
        )
        assert read == {"TOPIC_AUTHORIZATION_FAILED"}, topic


@clients
@every_tenant
def test_a_tenant_uses_no_group_of_another(secured: State, access: Access, client: Any, tenant: Tenant) -> None:
    for group in (f"{IDS[IDS.index(tenant.id) - 1]}.desk", "tierfeed-sink", "desk", f"{tenant.id}-desk"):
        read = client.read(
            secured.bootstrap_servers, tenant.id, access.passwords[tenant.id], f"tier.{tenant.tier}", group
        )
        assert read == {"GROUP_AUTHORIZATION_FAILED"}, group


@clients
@every_tenant
def test_a_tenant_writes_nowhere(secured: State, access: Access, client: Any, tenant: Tenant) -> None:
    for topic in (f"tier.{tenant.tier}", f"tier.{tenant.tier}.latest", "ticks.fxcm", "access.decisions"):
        written = client.write(secured.bootstrap_servers, tenant.id, access.passwords[tenant.id], topic)
        assert written == {"TOPIC_AUTHORIZATION_FAILED"}, topic


def test_a_tenant_sees_no_topic_but_its_own(secured: State, access: Access) -> None:
    for tenant in TENANTS:
        client = ck.admin.AdminClient(confluent(secured.bootstrap_servers, tenant.id, access.passwords[tenant.id]))
        assert set(client.list_topics(timeout=10).topics) == {f"tier.{tenant.tier}", f"tier.{tenant.tier}.latest"}


def test_a_wrong_password_and_no_password_open_nothing(secured: State, access: Access) -> None:
    assert Confluent.read(secured.bootstrap_servers, IDS[0], "wrong", "tier.free", f"{IDS[0]}.x") == {"_AUTHENTICATION"}
    nobody = ck.admin.AdminClient({"bootstrap.servers": secured.bootstrap_servers, "log_level": 0})
    with pytest.raises(ck.KafkaException):
        nobody.list_topics(timeout=2)


def test_applying_again_does_nothing(access: Access) -> None:
    plan = plan_tenants(TENANTS, TIERS, access.state(IDS), Registered({each.id: each for each in TENANTS}, {}), TODAY)
    assert (plan.new_users, plan.add, plan.remove, plan.quotas) == ((), (), (), ())


@pytest.fixture
def newcomer(access: Access, unique: str) -> Iterator[Tenant]:
    """A pro tenant that one test may do anything with."""
    tenant = Tenant(id=unique, name="N", tier="pro")
    access.carry_out(plan_tenants([tenant], TIERS, access.state([unique]), NOBODY, TODAY))
    yield tenant
    access.carry_out(plan_removal(tenant, access.state([unique])))


def live(servers: str, user: str, password: str, topic: str) -> tuple[ck.Consumer, Callable[[], float | None]]:
    """A consumer in the middle of its work, and how long ago it last got a record."""
    consumer = ck.Consumer(
        confluent(servers, user, password) | {"group.id": f"{user}.live", "auto.offset.reset": "earliest"}
    )
    consumer.subscribe([topic])
    last: list[float] = []

    def looked() -> float | None:
        if any(message.error() is None for message in consumer.consume(100, 0.05)):
            last.append(time.monotonic())
        return last[-1] if last else None

    return consumer, looked


def test_a_live_consumer_stops_within_a_second_of_its_removal(secured: State, access: Access, newcomer: Tenant) -> None:
    consumer, looked = live(secured.bootstrap_servers, newcomer.id, access.passwords[newcomer.id], "tier.pro")
    sending = producer(secured.settings())

    def fed() -> float | None:
        sending.produce("tier.pro", b"more")
        sending.poll(0)
        return looked()

    eventually(fed, within_s=20)
    access.carry_out(plan_removal(newcomer, access.state([newcomer.id])))
    removed_s = time.monotonic()
    while time.monotonic() < removed_s + 3:
        fed()
    last_s = looked()
    assert last_s is not None
    assert last_s < removed_s + 1
    consumer.close()


def test_a_tenant_that_moves_to_another_tier_reads_that_and_no_longer_the_old_one(
    secured: State, access: Access, newcomer: Tenant
) -> None:
    moved = replace(newcomer, tier="free")
    access.carry_out(plan_tenants([moved], TIERS, access.state([moved.id]), NOBODY, TODAY))
    servers, password = secured.bootstrap_servers, access.passwords[newcomer.id]
    assert Confluent.read(servers, moved.id, password, "tier.free", f"{moved.id}.a") >= EVERYTHING
    assert Confluent.read(servers, moved.id, password, "tier.pro", f"{moved.id}.b") == {"TOPIC_AUTHORIZATION_FAILED"}


def test_a_rotated_password_takes_the_old_ones_place(secured: State, access: Access, newcomer: Tenant) -> None:
    old = access.passwords[newcomer.id]
    access.give_passwords([newcomer.id])
    servers, new = secured.bootstrap_servers, access.passwords[newcomer.id]
    assert old != new
    assert Confluent.read(servers, newcomer.id, old, "tier.pro", f"{newcomer.id}.a") == {"_AUTHENTICATION"}
    assert Confluent.read(servers, newcomer.id, new, "tier.pro", f"{newcomer.id}.a") >= EVERYTHING


def test_outside_its_contract_a_tenant_logs_in_and_reads_nothing(
    secured: State, access: Access, newcomer: Tenant
) -> None:
    ended = replace(newcomer, contract_to=TODAY)
    access.carry_out(plan_tenants([ended], TIERS, access.state([ended.id]), NOBODY, TODAY))
    read = Confluent.read(secured.bootstrap_servers, ended.id, access.passwords[ended.id], "tier.pro", f"{ended.id}.a")
    assert read == {"GROUP_AUTHORIZATION_FAILED"}


def test_a_tenant_fetches_no_faster_than_its_quota(secured: State, access: Access, newcomer: Tenant) -> None:
    rate = access.state().quotas[newcomer.id]
    assert rate == 1_048_576
    sending = producer(secured.settings(), compression_type="none")
    for _ in range(BULKY):
        sending.produce("tier.pro", os.urandom(100_000), partition=0)
    assert sending.flush(30) == 0
    password = access.passwords[newcomer.id]
    assert throttled_ms(confluent(secured.bootstrap_servers, newcomer.id, password), f"{newcomer.id}.q") > 0
    assert throttled_ms(secured.settings().client(), "anybody") == 0


def throttled_ms(config: dict[str, Any], group: str) -> int:
    """The longest pause that the cluster asked for while 20 MB were read: more than it lets one save up."""
    pauses = [0]

    def told(statistics: str) -> None:
        pauses.extend(broker["throttle"]["max"] for broker in json.loads(statistics)["brokers"].values())

    consumer = ck.Consumer(config | {"group.id": group, "statistics.interval.ms": 100, "stats_cb": told})
    end = consumer.get_watermark_offsets(ck.TopicPartition("tier.pro", 0), timeout=10)[1]
    consumer.assign([ck.TopicPartition("tier.pro", 0, end - BULKY)])
    read = 0
    while read < BULKY and not any(pauses):
        read += sum(message.error() is None for message in consumer.consume(20, 0.2))
    consumer.close()
    return max(pauses)

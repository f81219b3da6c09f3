"""The consumer on a secured cluster: a tenant reads its tier; every refusal is one typed error that says what to do."""

import asyncio
from datetime import date
from itertools import count
from typing import Any

import confluent_kafka as ck
import pytest

from infra.embedded.kafka import State
from infra.embedded.registry import app, serve
from infra.kafka import admin, apply, plan_topics, producer
from schemas import catalogue, topics
from tenants.cluster import Access
from tenants.plan import plan_removal, plan_tenants
from tests.builders import eventually
from tests.integration.client_parts import AT, run, take
from tests.integration.test_client_examples import example
from tierfeed.client import EntitlementError, Quote, TierConsumer
from tierfeed.domain.tenants import Registered, Tenant
from tierfeed.settings import Settings

pytestmark = pytest.mark.kafka

TODAY = date(2026, 7, 1)
NOBODY = Registered({}, {})
SETTINGS = Settings.model_construct(brokers=("fxcm",))
TIERS = SETTINGS.tiers()
TENANT = Tenant(id="client-tenant", name="client", tier="pro")


@pytest.fixture(scope="module")
def access(secured: State) -> Access:
    kafka = secured.settings()
    client = admin(kafka)
    declared = topics.declared(SETTINGS.brokers, TIERS, kafka.partitions)
    there = client.list_topics(timeout=10).topics
    apply(plan_topics({name: topic for name, topic in declared.items() if name not in there}, {}), client)
    access = Access(kafka, client)
    access.carry_out(plan_tenants([TENANT], TIERS, access.state([TENANT.id]), NOBODY, TODAY))
    return access


def consumer(secured: State, access: Access, **wishes: Any) -> TierConsumer:
    usual = {"tier": "pro", "tenant": TENANT.id, "password": access.passwords[TENANT.id]}
    return TierConsumer(secured.bootstrap_servers, **usual | wishes)


def publish(secured: State, quotes: int, upto: int = 0) -> None:
    sending = producer(secured.settings())
    for number in range(upto + 1, upto + quotes + 1):
        record = {
            "symbol": "EURUSD", "state": "NORMAL", "as_of_time": AT, "due_time": AT, "published_time": AT,
            "conflated_count": 0, "upto_sequence": number, "epoch": 1, "sources": [], "eligible_brokers": 0,
            "quarantined_brokers": 0,
        }  # fmt: skip
        sending.produce(topics.tier("pro"), catalogue.encode("ProQuote", record), b"EURUSD", 0)
    assert sending.flush(10) == 0


def pass_over(secured: State, group: str) -> None:
    """What others have written to the topic meanwhile, which may be anything, is not for the group."""
    skipping = ck.Consumer(secured.settings().client(group_id=group, enable_auto_commit=False))
    places = [ck.TopicPartition(topics.tier("pro"), at) for at in range(secured.settings().partitions)]
    for place in places:
        place.offset = skipping.get_watermark_offsets(place, 10)[1]
    skipping.commit(offsets=places, asynchronous=False)
    skipping.close()


def test_a_tenant_reads_its_tier_with_its_password_alone(secured: State, access: Access) -> None:
    async def test() -> None:
        async with consumer(secured, access, latest=True) as reader:
            publish(secured, 3)
            assert [quote.upto_sequence for quote in await take(reader, 3) if isinstance(quote, Quote)] == [1, 2, 3]

    run(test())


@pytest.mark.parametrize(
    ("wishes", "told"),
    [
        ({"tier": "enterprise"}, "topic tier.enterprise must not be read as 'client-tenant'"),
        ({"tenant": "other", "username": "client-tenant"}, "group other.default must not be used"),
        ({"password": "wrong"}, "refuses user 'client-tenant'"),
        ({"username": "nobody"}, "refuses user 'nobody'"),
    ],
)
def test_a_refusal_is_typed_and_says_what_to_do(
    secured: State, access: Access, wishes: dict[str, str], told: str
) -> None:
    async def test() -> None:
        async with consumer(secured, access, **wishes):
            raise AssertionError("was let in")

    with pytest.raises(EntitlementError, match=told):
        run(test(), 20)


def test_a_tenant_that_is_removed_while_it_reads_is_told_so(secured: State, access: Access, unique: str) -> None:
    gone = Tenant(id=unique, name="gone", tier="pro")
    access.carry_out(plan_tenants([gone], TIERS, access.state([unique]), NOBODY, TODAY))

    async def test() -> None:
        async with consumer(secured, access, tenant=unique, password=access.passwords[unique]) as reader:
            await asyncio.to_thread(lambda: access.carry_out(plan_removal(gone, access.state([unique]))))
            async for _ in reader:
                pass

    with pytest.raises(EntitlementError, match=f"tenant {unique}"):
        run(test(), 40)


@pytest.mark.parametrize("name", ["read_tier.py", "tier_consumer.py"])
def test_the_examples_read_with_a_password(secured: State, access: Access, name: str) -> None:
    password = access.passwords[TENANT.id]
    if name == "read_tier.py":  # it reads from where its group is, and ends at what is no record
        pass_over(secured, f"{TENANT.id}.desk")
    numbers = count(1000)
    with serve(app([])) as url:
        arguments = {
            "read_tier.py": [url, "tier.pro", TENANT.id, password],
            "tier_consumer.py": ["--tenant", TENANT.id, "--password", password, "--registry-url", url],
        }

        def read() -> bool:
            publish(secured, 1, upto=next(numbers))
            return any(line.startswith("EURUSD None None NORMAL 1") for line in lines)

        with example(name, secured.bootstrap_servers, *arguments[name]) as lines:
            eventually(read, 20)

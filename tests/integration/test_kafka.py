import time
from collections.abc import Callable

import confluent_kafka as ck
import pytest

from infra.kafka import ActualTopic, admin, apply, describe, plan_topics, producer, topic_ids, wait_ready
from schemas.topics import Topic, declared
from tests.builders import eventually
from tierfeed.domain.partitions import partition_of
from tierfeed.domain.tiers import Tier
from tierfeed.errors import UpstreamError
from tierfeed.settings import KafkaSettings

pytestmark = pytest.mark.kafka

SYMBOLS = ("EURUSD", "USDJPY", "GBPUSD", "AUDNZD", "XAUUSD")


def mine(kafka: KafkaSettings, unique: str) -> dict[str, ActualTopic]:
    return {name: topic for name, topic in describe(admin(kafka)).items() if unique in name}


def a_topic(unique: str, partitions: int = 2, key: str = "symbol", **config: str) -> dict[str, Topic]:
    dotted = {name.replace("_", "."): value for name, value in config.items()}
    return {unique: Topic(name=unique, key=key, values=(), partitions=partitions, config=dotted)}


def test_everything_declared_can_be_created_and_then_nothing_is_left_to_do(kafka: KafkaSettings, unique: str) -> None:
    tier = Tier(
        name=unique,
        symbols=None,
        interval_us=1,
        depth_hours=24,
        brokers=(unique,),
        redundancy=1,
        record="ProQuote",
    )
    wanted = {name: topic for name, topic in declared([unique], [tier], 6).items() if unique in name}
    plan = plan_topics(wanted, mine(kafka, unique))
    assert {topic.name for topic in plan.create} == wanted.keys()
    apply(plan, admin(kafka))
    again = plan_topics(wanted, mine(kafka, unique))
    assert again.is_empty
    assert again.problems == again.unknown == ()


def test_a_second_apply_of_the_same_plan_is_harmless(kafka: KafkaSettings, unique: str) -> None:
    plan = plan_topics(a_topic(unique), {})
    apply(plan, admin(kafka))
    apply(plan, admin(kafka))


def test_a_changed_declaration_changes_the_topic_and_nothing_else_of_it(kafka: KafkaSettings, unique: str) -> None:
    apply(plan_topics(a_topic(unique, retention_ms="1000000", cleanup_policy="delete"), {}), admin(kafka))
    changed = a_topic(unique, retention_ms="2000000")
    apply(plan_topics(changed, mine(kafka, unique)), admin(kafka))
    there = eventually(
        lambda: [each for each in mine(kafka, unique).values() if each.config["retention.ms"] == "2000000"]
    )
    assert there[0].config["cleanup.policy"] == "delete"


def test_a_topic_not_keyed_by_symbol_grows(kafka: KafkaSettings, unique: str) -> None:
    apply(plan_topics(a_topic(unique, 2, "as it came"), {}), admin(kafka))
    apply(plan_topics(a_topic(unique, 5, "as it came"), mine(kafka, unique)), admin(kafka))
    assert mine(kafka, unique)[unique].partitions == 5


def test_what_the_cluster_refuses_is_told_by_topic(kafka: KafkaSettings, unique: str) -> None:
    with pytest.raises(UpstreamError, match=f"cannot create {unique}"):
        apply(plan_topics(a_topic(unique, no_such_setting="1"), {}), admin(kafka))


def test_a_topic_made_anew_has_another_id(kafka: KafkaSettings, unique: str) -> None:
    client, plan = admin(kafka), plan_topics(a_topic(unique), {})
    apply(plan, client)
    first = topic_ids(client, [unique])[unique]
    client.delete_topics([unique])[unique].result()
    eventually(lambda: unique not in topic_ids(client, [unique]))
    apply(plan, client)
    assert topic_ids(client, [unique])[unique] != first


def test_a_symbol_lands_on_the_partition_the_domain_says(kafka: KafkaSettings, make_topic: Callable[..., str]) -> None:
    topic, landed = make_topic(), {}

    def remember(_error: object, message: ck.Message) -> None:
        landed[(message.key() or b"").decode()] = message.partition()

    sending = producer(kafka, on_delivery=remember, delivery_report_only_error=False)
    for symbol in SYMBOLS:
        sending.produce(topic, b"x", symbol)
    assert sending.flush(20) == 0
    assert landed == {symbol: partition_of(symbol, kafka.partitions) for symbol in SYMBOLS}


def test_topics_do_not_come_from_a_typing_error(kafka: KafkaSettings, unique: str) -> None:
    errors: list[ck.KafkaError] = []
    sending = producer(
        kafka, on_delivery=lambda error, _message: errors.append(error), topic_metadata_propagation_max_ms=500
    )
    sending.produce(unique, b"x")
    sending.flush(20)
    unknown = (ck.KafkaError._UNKNOWN_TOPIC, ck.KafkaError.UNKNOWN_TOPIC_OR_PART)
    assert [error.code() in unknown for error in errors] == [True]
    assert unique not in describe(admin(kafka))


def test_a_compacted_topic_keeps_little_more_than_the_last_of_each_key(
    kafka: KafkaSettings, make_topic: Callable[..., str]
) -> None:
    quick = {"cleanup.policy": "compact", "segment.ms": "100", "min.cleanable.dirty.ratio": "0.01"}
    topic, rounds = make_topic("latest", 1, **quick), iter(range(10_000))
    sending = producer(kafka)

    def held() -> int:
        """Values left of the first 25, after one more of each key: the newest segment is never compacted."""
        number = next(rounds)
        for symbol in SYMBOLS:
            sending.produce(topic, str(number), symbol)
        sending.flush(20)
        consumer = ck.Consumer(kafka.client() | {"group.id": topic, "enable.auto.commit": False})
        consumer.assign([ck.TopicPartition(topic, 0, 0)])
        messages = consumer.consume(100, 0.5)
        consumer.close()
        return sum((message.offset() or 0) < 25 for message in messages)

    for _ in range(5):
        held()
    eventually(lambda: held() <= len(SYMBOLS), within_s=60)


def test_a_cluster_that_is_not_there_is_told_in_time() -> None:
    nowhere = KafkaSettings(bootstrap_servers="127.0.0.1:9", partitions=1, replication_factor=1)
    began = time.monotonic()
    with pytest.raises(UpstreamError, match=r"127\.0\.0\.1:9 is not ready after 1 s"):
        wait_ready(nowhere, 1.0)
    assert time.monotonic() - began < 5

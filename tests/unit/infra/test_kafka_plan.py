import uuid
from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from infra.kafka import ActualTopic, ConfigChange, Growth, plan_topics
from schemas.topics import Topic


def topic(name: str = "tier.pro", partitions: int = 6, key: str = "symbol", **config: str) -> Topic:
    return Topic(name=name, key=key, values=(), partitions=partitions, config=_dotted(config))


def actual(name: str = "tier.pro", partitions: int = 6, **config: str) -> ActualTopic:
    return ActualTopic(name, uuid.uuid5(uuid.NAMESPACE_DNS, name), partitions, _dotted(config))


def _dotted(config: Mapping[str, str]) -> dict[str, str]:
    return {key.replace("_", "."): value for key, value in config.items()}


def named(*topics: Topic | ActualTopic) -> dict[str, Topic | ActualTopic]:
    return {each.name: each for each in topics}


def test_a_topic_that_is_missing_is_created() -> None:
    plan = plan_topics(named(topic("ticks.fxcm"), topic("tier.pro")), named(actual("tier.pro")))
    assert plan.create == (topic("ticks.fxcm"),)


def test_a_topic_nobody_declared_is_told_and_left_alone() -> None:
    plan = plan_topics({}, named(actual("somebody.elses")))
    assert plan.unknown == ("somebody.elses",)
    assert plan.is_empty


def test_a_setting_that_differs_is_changed() -> None:
    plan = plan_topics(named(topic(retention_ms="3600000")), named(actual(retention_ms="604800000", segment_ms="1")))
    assert plan.change == (ConfigChange("tier.pro", "retention.ms", "604800000", "3600000"),)


def test_a_setting_the_cluster_does_not_know_is_a_change_from_nothing() -> None:
    plan = plan_topics(named(topic(retention_ms="1")), named(actual()))
    assert [str(change) for change in plan.change] == ["tier.pro: retention.ms None → 1"]


def test_the_order_of_a_list_in_a_setting_does_not_matter() -> None:
    plan = plan_topics(named(topic(cleanup_policy="compact,delete")), named(actual(cleanup_policy="delete,compact")))
    assert plan.is_empty


def test_a_topic_keyed_by_symbol_never_changes_its_partitions() -> None:
    for there in (5, 7):
        plan = plan_topics(named(topic(partitions=6)), named(actual(partitions=there)))
        assert plan.is_empty
        assert plan.problems == (
            f"tier.pro: must have 6 partitions, was {there}; "
            "partitions cannot be taken away, nor added where symbols are co-partitioned",
        )


def test_another_topic_grows_but_never_shrinks() -> None:
    grown = plan_topics(named(topic(partitions=6, key="as it came")), named(actual(partitions=4)))
    assert grown.grow == (Growth("tier.pro", 4, 6),)
    assert grown.problems == ()
    shrunk = plan_topics(named(topic(partitions=6, key="as it came")), named(actual(partitions=8)))
    assert shrunk.is_empty
    assert len(shrunk.problems) == 1


topics = st.builds(
    Topic,
    name=st.sampled_from(["a", "b", "c", "d"]),
    key=st.sampled_from(["symbol", "tenant"]),
    values=st.just(()),
    partitions=st.integers(1, 12),
    config=st.dictionaries(st.sampled_from(["retention.ms", "cleanup.policy"]), st.sampled_from(["1", "2", "a,b"])),
)


several = st.lists(topics, unique_by=lambda each: each.name)


@given(declared=several, there=several)
def test_every_topic_is_created_or_known_or_unknown(declared: list[Topic], there: list[Topic]) -> None:
    wanted, found = named(*declared), named(*(actual(each.name, each.partitions) for each in there))
    plan, known = plan_topics(wanted, found), wanted.keys() & found.keys()
    parts = ({each.name for each in plan.create}, set(known), set(plan.unknown))
    assert set.union(*parts) == wanted.keys() | found.keys()
    assert sum(map(len, parts)) == len(wanted.keys() | found.keys())
    assert {change.topic for change in plan.change} | {growth.topic for growth in plan.grow} <= known


@given(declared=several)
def test_what_is_as_declared_is_left_alone(declared: list[Topic]) -> None:
    there = [ActualTopic(each.name, uuid.NAMESPACE_DNS, each.partitions, each.config) for each in declared]
    plan = plan_topics(named(*declared), named(*there))
    assert plan.is_empty
    assert plan.problems == plan.unknown == ()

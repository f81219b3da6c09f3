import pytest

from infra.registering import subject
from infra.registry import schema_ids
from schemas import catalogue, topics
from schemas.topics import Topic
from tierfeed.errors import ConfigError, UpstreamError
from tierfeed.settings import RegistrySettings


def topic(name: str, *values: str) -> Topic:
    return Topic(name=name, key="symbol", values=values, partitions=1)


def test_without_a_registry_the_ids_are_those_of_the_repository() -> None:
    ids = schema_ids(RegistrySettings(), [])
    assert dict(ids) == {schema.name: schema.id for schema in catalogue.ALL}
    assert ids.by_id == {schema.id: schema for schema in catalogue.ALL}


def test_the_registry_gives_the_ids_of_what_the_topics_carry() -> None:
    ids = schema_ids(RegistrySettings(url="mock://"), [topic("a", "Tick", "SessionRecord"), topic("b", "FreeQuote")])
    assert set(ids) == {"Tick", "SessionRecord", "FreeQuote"}
    assert {schema_id: schema.name for schema_id, schema in ids.by_id.items()} == {ids[name]: name for name in ids}


def test_a_registry_with_two_ids_for_one_schema_is_of_no_use() -> None:
    # The client's stand-in numbers subjects, not schemas.
    with pytest.raises(UpstreamError, match="must give Tick one id in all subjects, was 1 and 2"):
        schema_ids(RegistrySettings(url="mock://"), [topic("a", "Tick"), topic("b", "Tick")])


@pytest.mark.parametrize("url", ["", "registry", "ftp://registry"])
def test_a_url_that_is_none_is_told(url: str) -> None:
    with pytest.raises(ConfigError, match=f"registry.url must be an http or https address, was '{url}'"):
        schema_ids(RegistrySettings(url=url), [])


def test_a_subject_is_a_topic_and_a_record() -> None:
    assert subject(topics.ticks("fxcm"), catalogue.schema("Tick")) == "ticks.fxcm-tierfeed.Tick"

from pathlib import Path

import pytest
import yaml

from schemas import catalogue, topics
from tierfeed.domain.tiers import Tier
from tierfeed.errors import ConfigError
from tierfeed.settings import TIERS_FILE, Settings

TIERS = Settings.model_construct(tiers_file=TIERS_FILE).tiers()
BROKERS = ("fxcm", "ic_markets")
DECLARED = topics.declared(BROKERS, TIERS, 6)
HOUR_MS = 3_600_000


def tier(name: str) -> Tier:
    return Tier(
        name=name,
        symbols=None,
        interval_us=1000,
        depth_hours=2,
        brokers=("fxcm",),
        redundancy=1,
        record="FreeQuote",
    )


def test_a_deployment_has_these_topics() -> None:
    data = ["ticks.fxcm", "ticks.ic_markets", "quality", "usage", "access.decisions", "sla.events", "control"]
    tiers = [f"tier.{name}" for name in ("free", "pro", "enterprise")]
    dead = [f"{name}.dlq" for name in (*data, *tiers)]
    assert sorted(DECLARED) == sorted([*data, *tiers, *(f"{name}.latest" for name in tiers), *dead])
    assert all(name == topic.name for name, topic in DECLARED.items())


def test_names_come_from_the_files() -> None:
    names = [topics.ticks("fxcm"), topics.tier("pro"), topics.latest("pro"), topics.QUALITY, topics.dlq("tier.pro")]
    assert names == ["ticks.fxcm", "tier.pro", "tier.pro.latest", "quality", "tier.pro.dlq"]
    assert set(names) <= DECLARED.keys()


def test_all_topics_have_the_partitions_of_the_deployment_and_kafkas_own_time() -> None:
    assert {topic.partitions for topic in DECLARED.values()} == {6}
    assert {topic.config["message.timestamp.type"] for topic in DECLARED.values()} == {"LogAppendTime"}


@pytest.mark.parametrize(
    ("name", "hours"),
    [
        ("ticks.fxcm", 168),
        ("tier.free", 1),
        ("tier.pro", 24),
        ("tier.enterprise", 168),
        ("quality", 168),
        ("quality.dlq", 720),
        ("usage", 2160),
        ("access.decisions", 2160),
        ("sla.events", 2160),
        ("control", 168),
    ],
)
def test_records_go_within_a_sixth_of_their_time(name: str, hours: int) -> None:
    config = DECLARED[name].config
    assert config["cleanup.policy"] == "delete"
    assert DECLARED[name].retention_ms == int(config["retention.ms"]) == hours * HOUR_MS
    assert int(config["segment.ms"]) <= hours * HOUR_MS / 6


def test_the_latest_quotes_are_compacted_and_never_expire() -> None:
    latest = DECLARED["tier.free.latest"]
    assert latest.config["cleanup.policy"] == "compact"
    assert "retention.ms" not in latest.config
    assert latest.retention_ms is None
    assert latest.values == ("FreeQuote",)


def test_a_tier_carries_its_own_record_and_control_records() -> None:
    assert DECLARED["tier.enterprise"].values == ("EnterpriseQuote", "TierControl")


def test_every_schema_is_carried_by_a_topic() -> None:
    assert {value for topic in DECLARED.values() for value in topic.values} == {entry.name for entry in catalogue.ALL}


def test_dead_letters_are_bytes_as_they_came_and_have_none_of_their_own() -> None:
    dead = [topic for name, topic in DECLARED.items() if name.endswith(".dlq")]
    assert dead
    assert not any(topic.values or topic.dead_letters for topic in dead)


def test_names_that_kafka_does_not_take_and_names_taken_twice_are_told_together() -> None:
    with pytest.raises(ConfigError) as caught:
        topics.declared(["fx cm"], [tier("a"), tier("a.latest")], 6)
    assert caught.value.problems == (
        "topic 'ticks.fx cm': Kafka takes letters, digits, '.', '_' and '-'",
        "topic 'ticks.fx cm.dlq': Kafka takes letters, digits, '.', '_' and '-'",
        "topic 'tier.a.latest': is declared twice",
    )


@pytest.mark.parametrize("path", sorted(topics.FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"values": ["Trade"]}, "values must be schemas, was Trade"),
        ({"values": "Tick"}, "values must be a list of names, was 'Tick'"),
        ({"producers": [1]}, "producers must be a list of names, was [1]"),
        ({"partitions": 3}, "partitions must be 'shared', was 3"),
        ({"colour": "red"}, "has no use for colour"),
        ({"config": {"retention.ms": 5}}, "config must map names to texts, was {'retention.ms': 5}"),
        ({"retention": "soon"}, "retention must be like '7 d' or '1 h', was 'soon'"),
    ],
)
def test_a_file_that_is_wrong_is_told_with_what_it_was(
    path: Path, changed: dict[str, object], told: str, tmp_path: Path
) -> None:
    document = yaml.safe_load(path.read_text()) | changed
    (tmp_path / path.name).write_text(yaml.safe_dump(document))
    with pytest.raises(ConfigError) as caught:
        topics.load(tmp_path)
    assert f"{path.name}: {told}" in caught.value.problems


def test_the_problems_of_all_files_are_told_together(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("name: a")
    (tmp_path / "b.yaml").write_text("[")
    (tmp_path / "c.yaml").write_text("just text")
    with pytest.raises(ConfigError) as caught:
        topics.load(tmp_path)
    told = "\n".join(caught.value.problems)
    assert "a.yaml: must have config, consumers, key, partitions, producers, values" in told
    assert "b.yaml: " in told
    assert "c.yaml: must be a mapping, was 'just text'" in told


def test_retention_by_event_time_is_refused(tmp_path: Path) -> None:
    document = yaml.safe_load((topics.FOLDER / "ticks.yaml").read_text())
    document["config"]["message.timestamp.type"] = "CreateTime"
    del document["retention"]
    (tmp_path / "ticks.yaml").write_text(yaml.safe_dump(document))
    with pytest.raises(ConfigError) as caught:
        topics.load(tmp_path)
    assert [problem.split(":")[1].split(" must")[0].strip() for problem in caught.value.problems] == [
        "config message.timestamp.type",
        "needs either a retention or cleanup.policy compact, had None and 'delete'",
    ]

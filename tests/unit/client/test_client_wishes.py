"""What a consumer is told, and what it makes of Kafka's refusals."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from aiokafka import TopicPartition, errors
from aiokafka.structs import OffsetAndMetadata

from tierfeed.client import ConfigError, EntitlementError, Stats, TierConsumer, UpstreamError
from tierfeed.client.places import Place, commits, is_live
from tierfeed.client.reader import Beat, PartitionReader
from tierfeed.client.wanted import Wanted
from tierfeed.errors import TierfeedError

ROOT = Path(__file__).parents[3]
NOT_FOR_TENANTS = ("faust", "mode", "numba", "chdb", "typer", "clickhouse_connect", "confluent_kafka", "infra")


def wanted(**wishes: Any) -> Wanted:
    usual: dict[str, Any] = {
        "bootstrap_servers": "kafka:9092", "tier": "pro", "tenant": "acme", "group": "desk", "symbols": (),
        "from_": "latest", "latest": False, "username": None, "password": None, "security_protocol": None,
        "sasl_mechanism": "SCRAM-SHA-512", "ca_file": None,
    }  # fmt: skip
    return Wanted(**usual | wishes)


def test_a_tenants_process_gets_no_stream_engine_no_compiler_and_no_database() -> None:
    code = f"import sys, tierfeed.client; print([name for name in {NOT_FOR_TENANTS} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_group_begins_with_the_tenant_and_the_user_is_the_tenant() -> None:
    access = wanted(password="secret").access()
    assert (access.topic, access.group, access.username) == ("tier.pro", "acme.desk", "acme")
    assert (access.security_protocol, access.sasl_mechanism) == ("SASL_PLAINTEXT", "SCRAM-SHA-512")
    assert access.connection()["sasl_plain_username"] == "acme"
    assert "secret" not in repr(access)


@pytest.mark.parametrize(
    ("wishes", "protocol"),
    [
        ({}, "PLAINTEXT"),
        ({"ca_file": "ca.pem"}, "SSL"),
        ({"password": "x", "ca_file": "ca.pem"}, "SASL_SSL"),
        ({"password": "x", "security_protocol": "SASL_SSL"}, "SASL_SSL"),
    ],
)
def test_the_protocol_follows_from_what_is_given(wishes: dict[str, Any], protocol: str) -> None:
    assert wanted(**wishes).access().security_protocol == protocol


def test_every_wrong_wish_is_told_at_once_with_what_it_was() -> None:
    with pytest.raises(ConfigError) as refused:
        TierConsumer(
            "kafka:9092", tier="pro!", tenant="Acme", symbols={"eurusd"}, from_="start", username="acme",  # type: ignore[arg-type]
            security_protocol="SASL_SSL", sasl_mechanism="MD5",
        )  # fmt: skip
    told = "\n".join(refused.value.problems)
    assert len(refused.value.problems) == 7
    for was in ("'pro!'", "'Acme'", "eurusd", "'start'", "'acme'", "SASL_SSL", "'MD5'"):
        assert was in told
    with pytest.raises(ConfigError, match="was the text 'EURUSD'"):
        TierConsumer("kafka:9092", tier="pro", tenant="acme", symbols="EURUSD")


def test_a_ca_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"ca_file .*none\.pem"):
        wanted(ca_file=tmp_path / "none.pem").access().connection()


@pytest.mark.parametrize(
    ("error", "ours", "advice"),
    [
        (errors.SaslAuthenticationFailed("no"), EntitlementError, "check username, password"),
        (errors.TopicAuthorizationFailedError("tier.pro"), EntitlementError, "granted the tier"),
        (errors.GroupAuthorizationFailedError("acme.desk"), EntitlementError, "begin with its id and a dot"),
        (errors.UnknownTopicOrPartitionError(), ConfigError, "check the tier's name"),
        (errors.KafkaConnectionError("away"), UpstreamError, "away"),
    ],
)
def test_a_refusal_names_tenant_topic_and_group_and_what_to_do(
    error: Exception, ours: type[TierfeedError], advice: str
) -> None:
    access = wanted(password="x").access()
    with pytest.raises(ours) as told, access.told():
        raise error
    assert advice in str(told.value)
    assert "tier.pro" in str(told.value)
    if ours is EntitlementError:
        assert "tenant acme, topic tier.pro, group acme.desk" in str(told.value)
        assert "'acme'" in str(told.value)


def test_the_first_commit_says_where_reading_began_and_later_ones_nothing() -> None:
    tp, place = TopicPartition("tier.pro", 3), Place(100, PartitionReader(3, frozenset(), Stats()))
    assert commits({tp: place}) == {tp: OffsetAndMetadata(100, "tierfeed from=100")}
    place.taken = 120  # the first commit did not get through
    assert commits({tp: place}) == {tp: OffsetAndMetadata(120, "tierfeed from=100")}
    place.committed = 120
    assert commits({tp: place}) == {}
    place.taken = 130
    assert commits({tp: place}) == {tp: OffsetAndMetadata(130, "")}


def test_it_is_live_while_every_partition_was_heard_of_lately() -> None:
    places = {TopicPartition("tier.pro", p): Place(0, PartitionReader(p, frozenset(), Stats())) for p in range(2)}
    first, second = places.values()
    assert not is_live({}, 0)
    first.reader.beat = Beat(None, 1000)  # type: ignore[arg-type]
    assert not is_live(places, 1000)
    second.reader.beat = Beat(None, 1001)  # type: ignore[arg-type]
    assert is_live(places, 1000)
    assert not is_live(places, 1001)

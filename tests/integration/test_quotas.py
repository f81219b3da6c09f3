"""Consume quotas on a real cluster."""

import pytest

from infra.quotas import BATCH, quotas_of, set_quotas
from tierfeed.settings import KafkaSettings

pytestmark = pytest.mark.kafka


def test_quotas_are_set_changed_and_taken_away_and_others_stay(kafka: KafkaSettings, unique: str) -> None:
    one, two = f"{unique}-one", f"{unique}-two"
    set_quotas(kafka, {one: 1_048_576, two: 5_000_000_000})
    assert {one: 1_048_576, two: 5_000_000_000}.items() <= quotas_of(kafka).items()
    set_quotas(kafka, {one: None, two: 2_097_152})
    found = quotas_of(kafka)
    assert one not in found
    assert found[two] == 2_097_152


def test_more_users_than_one_request_takes(kafka: KafkaSettings, unique: str) -> None:
    wanted = {f"{unique}-{number}": 1_000_000 + number for number in range(BATCH + 5)}
    set_quotas(kafka, wanted)
    assert wanted.items() <= quotas_of(kafka).items()
    set_quotas(kafka, dict.fromkeys(wanted))
    assert not wanted.keys() & quotas_of(kafka).keys()

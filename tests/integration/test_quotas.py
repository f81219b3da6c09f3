"""Consume quotas on a real cluster."""

import pytest

from infra.quotas import BATCH, quotas_of, set_quotas
from tests.builders import eventually
from tierfeed.settings import KafkaSettings

pytestmark = pytest.mark.kafka


def test_quotas_are_set_changed_and_taken_away_and_others_stay(kafka: KafkaSettings, unique: str) -> None:
    one, two = f"{unique}-one", f"{unique}-two"
    set_quotas(kafka, {one: 1_048_576, two: 5_000_000_000})
    eventually(lambda: {one: 1_048_576, two: 5_000_000_000}.items() <= quotas_of(kafka).items())
    set_quotas(kafka, {one: None, two: 2_097_152})
    eventually(lambda: (quotas_of(kafka).get(one), quotas_of(kafka).get(two)) == (None, 2_097_152))


def test_more_users_than_one_request_takes(kafka: KafkaSettings, unique: str) -> None:
    wanted = {f"{unique}-{number}": 1_000_000 + number for number in range(BATCH + 5)}
    set_quotas(kafka, wanted)
    eventually(lambda: wanted.items() <= quotas_of(kafka).items())
    set_quotas(kafka, dict.fromkeys(wanted))
    eventually(lambda: not wanted.keys() & quotas_of(kafka).keys())

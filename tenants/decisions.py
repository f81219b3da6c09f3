"""Telling what was asked for and refused, on the topic `access.decisions`: next month's offer rests on it."""

import uuid
from datetime import UTC, datetime
from typing import Any

import confluent_kafka as ck

from infra.kafka import REQUEST_S, producer
from schemas import catalogue, topics
from tierfeed.errors import UpstreamError
from tierfeed.settings import KafkaSettings

RECORD = "AccessDecision"


def refused_history(tenant: str, tier: str, symbol: str, rule: str, at: datetime | None = None) -> dict[str, Any]:
    """The decision that some of a tier's history is not served."""
    return {
        "time": at or datetime.now(UTC),
        "tenant": tenant,
        "principal": tenant,
        "operation": "HISTORY",
        "resource_type": "History",
        "resource": f"{tier} {symbol}",
        "rule": rule,
        "source": f"history:{uuid.uuid4()}",
        "source_position": 0,
    }


def tell(kafka: KafkaSettings, decision: dict[str, Any]) -> None:
    """Have a decision on disk. Raises UpstreamError where it cannot be."""
    failed: list[str] = []

    def delivered(error: ck.KafkaError | None, _: ck.Message) -> None:
        if error is not None:
            failed.append(error.str())

    publishing = producer(kafka, message_timeout_ms=int(REQUEST_S * 1000), on_delivery=delivered)
    publishing.produce(topics.DECISIONS, catalogue.encode(RECORD, decision), decision["principal"])
    left = publishing.flush(REQUEST_S + 1)
    if left or failed:
        raise UpstreamError(f"a refusal could not be put on {topics.DECISIONS}: {failed[0] if failed else 'no answer'}")

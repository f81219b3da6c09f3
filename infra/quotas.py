"""Consume quotas by user: the one part of Kafka's administration that confluent-kafka has no call for.

aiokafka brings the connection, authentication included; AlterClientQuotas is the one request it does not know, either.
"""

import asyncio
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, for_code
from aiokafka.protocol.admin import DescribeClientQuotasRequest
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Float64, Int16, Int32, Schema, String

from infra.aio import connection
from infra.kafka import REQUEST_S
from tierfeed.errors import UpstreamError
from tierfeed.settings import KafkaSettings

CONSUMER_BYTE_RATE: Final = "consumer_byte_rate"
USER: Final = "user"
ANY_NAME: Final = 2
"""Match type of a described component: every entity of the type that has a name."""
LOOK_S: Final = 0.05
BATCH: Final = 1000
"""Users of one request: a controller writes the records of one request in one go."""
Quotas = Mapping[str, int | None]
"""Bytes a second that each node lets a user fetch; None: as much as it likes."""


class _AlterResponse(Response):  # type: ignore[misc]  # aiokafka has no types
    API_KEY = 49
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "entries",
            Array(
                ("error_code", Int16),
                ("error_message", String("utf-8")),
                ("entity", Array(("entity_type", String("utf-8")), ("entity_name", String("utf-8")))),
            ),
        ),
    )


class _AlterStruct(RequestStruct):  # type: ignore[misc]
    API_KEY = 49
    API_VERSION = 0
    RESPONSE_TYPE = _AlterResponse
    SCHEMA = Schema(
        (
            "entries",
            Array(
                ("entity", Array(("entity_type", String("utf-8")), ("entity_name", String("utf-8")))),
                ("ops", Array(("key", String("utf-8")), ("value", Float64), ("remove", Boolean))),
            ),
        ),
        ("validate_only", Boolean),
    )


class _Alter(Request[_AlterStruct]):  # type: ignore[misc]
    API_KEY = 49

    def __init__(self, quotas: Quotas) -> None:
        self._quotas = quotas

    def build(self, request_struct_class: type[_AlterStruct]) -> _AlterStruct:
        entries = [
            ([(USER, user)], [(CONSUMER_BYTE_RATE, float(rate or 0), rate is None)])
            for user, rate in self._quotas.items()
        ]
        return request_struct_class(entries, False)


def set_quotas(kafka: KafkaSettings, quotas: Quotas) -> None:
    """Set or, where None, take away the consume quota of each user, and wait until the node that answers has it.

    Raises UpstreamError with what was refused. Blocks; not to be called within an event loop.
    """
    if not quotas:
        return
    asyncio.run(_set(kafka, quotas))
    deadline_s = time.monotonic() + REQUEST_S
    while not _in_force(quotas, quotas_of(kafka)):
        if time.monotonic() > deadline_s:
            raise UpstreamError(f"the cluster has not put quotas into force within {REQUEST_S:g} s")
        time.sleep(LOOK_S)


def _in_force(quotas: Quotas, actual: Mapping[str, int]) -> bool:
    return all(actual.get(user) == rate for user, rate in quotas.items())


def quotas_of(kafka: KafkaSettings) -> dict[str, int]:
    """The consume quota of every user that has one. Raises UpstreamError. Blocks."""
    return asyncio.run(_described(kafka))


async def _set(kafka: KafkaSettings, quotas: Quotas) -> None:
    refused = []
    for some in _batches(quotas):
        answer = await _asked(kafka, _Alter(some))
        refused += [
            f"{entity[0][1]}: {message or for_code(code).__name__}" for code, message, entity in answer.entries if code
        ]
    if refused:
        raise UpstreamError(f"cannot set the quotas of {'; '.join(refused)}")


async def _described(kafka: KafkaSettings) -> dict[str, int]:
    answer = await _asked(kafka, DescribeClientQuotasRequest([(USER, ANY_NAME, None)], strict=True))
    if answer.error_code:
        told = answer.error_message or for_code(answer.error_code).__name__
        raise UpstreamError(f"cannot describe the quotas: {told}")
    found = {}
    for entity, values in answer.entries:
        rates = dict(values)
        if CONSUMER_BYTE_RATE in rates:
            found[dict(entity)[USER]] = int(rates[CONSUMER_BYTE_RATE])
    return found


async def _asked(kafka: KafkaSettings, request: Any) -> Any:
    client = AIOKafkaClient(**connection(kafka))
    try:
        await client.bootstrap()
        node = client.get_random_node()
        if not await client.ready(node):
            raise UpstreamError(f"Kafka cluster {kafka.bootstrap_servers} is away")
        return await client.send(node, request)
    except KafkaError as error:
        raise UpstreamError(f"Kafka cluster {kafka.bootstrap_servers}: {error!r}") from error
    finally:
        await client.close()


def _batches(quotas: Quotas) -> Iterator[Quotas]:
    users = list(quotas)
    for at in range(0, len(users), BATCH):
        yield {user: quotas[user] for user in users[at : at + BATCH]}

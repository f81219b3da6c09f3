"""A tier's topic read record by record: control records interpreted, records of an older epoch left out."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import confluent_kafka as ck

from infra.registry import schema_ids
from schemas import topics
from schemas.catalogue import Schema, decode
from tierfeed.cli.clusters import Place, asking, ends, partitions_of, starts
from tierfeed.client.order import Order
from tierfeed.client.reader import CONTROL
from tierfeed.domain.symbols import price_digits
from tierfeed.domain.words import ControlKind
from tierfeed.errors import ConfigError, ContractError, UpstreamError
from tierfeed.settings import Settings

POLL_S = 0.2
SHOWN = (ControlKind.STALE.name, ControlKind.FRESH.name, ControlKind.GAP.name)
HEADING = (
    f"{'published':<26}  {'symbol':<8} {'bid':>10} {'ask':>10} {'spread':>8}  "
    f"{'state':<9} {'conflated':>9} {'upto':>10}"
)


@dataclass(frozen=True, slots=True)
class Record:
    """A quote, or something the topic says about its quotes."""

    kind: str
    fields: Mapping[str, Any]
    partition: int
    offset: int

    @property
    def is_quote(self) -> bool:
        return self.kind != CONTROL


class Reading:
    """Every partition of one tier's topic."""

    def __init__(self, settings: Settings, tier: str, symbols: frozenset[str], *, from_beginning: bool) -> None:
        """Raises UpstreamError; ConfigError where the topic is not there."""
        topic = topics.tier(tier)
        client = asking(settings.kafka)
        places = partitions_of(client, [topic])
        if not places:
            raise ConfigError(f"topic {topic} is not there: `tierfeed topics apply` makes it")
        self.stale = 0
        self._symbols = symbols
        self._by_id = _schemas(settings)
        self._ends = ends(client, places)
        self._orders: defaultdict[int, Order] = defaultdict(Order)
        begin = starts(client, places) if from_beginning else self._ends
        self._at = dict(begin)
        self._reader = ck.Consumer(
            settings.kafka.client(group_id="tierfeed-consume", enable_auto_commit=False, auto_offset_reset="error")
        )
        self._reader.assign([ck.TopicPartition(*place, at) for place, at in begin.items()])

    def records(self, *, follow: bool) -> Iterator[Record]:
        """What there is, in order per partition; with `follow` also what comes. Raises UpstreamError."""
        while follow or any(at < self._ends[place] for place, at in self._at.items()):
            message = self._reader.poll(POLL_S)
            if message is None:
                continue
            if message.error() is not None:
                raise UpstreamError(f"{message.topic()} cannot be read: {message.error().str()}")
            place: Place = (message.topic(), message.partition())
            self._at[place] = message.offset() + 1
            if (record := self._read(message)) is not None:
                yield record

    def _read(self, message: ck.Message) -> Record | None:
        try:
            kind, fields = decode(message.value() or b"", self._by_id)
        except ContractError:
            return None  # of a later version, or not ours
        if self._orders[message.partition()].is_stale(fields.get("epoch", 0)):
            self.stale += 1
            return None
        if kind == CONTROL and fields["kind"] not in SHOWN:
            return None
        # A gap of no symbol is one of all that the partition has.
        if self._symbols and fields["symbol"] is not None and fields["symbol"] not in self._symbols:
            return None
        return Record(kind, fields, message.partition(), message.offset())

    def close(self) -> None:
        self._reader.close()


def _schemas(settings: Settings) -> Mapping[int, Schema]:
    declared = topics.declared(settings.brokers, settings.tiers(), settings.kafka.partitions)
    return schema_ids(settings.registry, declared.values()).by_id


def line_of(record: Record) -> str:
    """One record as a line under HEADING."""
    fields = record.fields
    if not record.is_quote:
        span = f", {_time(fields['from_time'])} to {_time(fields['to_time'])}" if fields.get("to_time") else ""
        told = f"{fields['kind']}: {fields['reason'] or ''}{span}"
        return f"{_time(fields['time']):<26}  {fields['symbol'] or '-':<8} {told}"
    digits = price_digits(fields["symbol"])
    bid, ask = fields["bid"], fields["ask"]
    spread = None if bid is None or ask is None else ask - bid
    prices = [f"{'-' if price is None else format(price, f'.{digits}f'):>10}" for price in (bid, ask)]
    return (
        f"{_time(fields['published_time']):<26}  {fields['symbol']:<8} {' '.join(prices)} "
        f"{'-' if spread is None else format(spread, f'.{digits}f'):>8}  {fields['state']:<9} "
        f"{fields['conflated_count']:>9} {fields['upto_sequence']:>10}"
    )


def line_of_json(record: Record) -> str:
    """One record with every field, and where it stands."""
    document = {"kind": record.kind, "partition": record.partition, "offset": record.offset}
    if not record.is_quote:
        return json.dumps(document | {"control": record.fields["kind"]} | _rest(record.fields), default=_plain)
    return json.dumps(document | dict(record.fields), default=_plain)


def _rest(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name != "kind"}


def _time(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S.%f")


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)

"""One partition's records to updates, in order. No I/O, no clocks."""

from collections.abc import Iterator, Mapping, Set
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from tierfeed.client.order import Order
from tierfeed.client.values import Fresh, Gap, GapNotice, Quote, Session, Stale, Stats, Update
from tierfeed.domain.features import RECORDS
from tierfeed.domain.words import ControlKind

CONTROL: Final = "TierControl"
OPENED: Final = "opened"
KINDS: Final = frozenset(kind.name for kind in ControlKind)


class Beat(NamedTuple):
    """The newest heartbeat of a partition: everything due before `time` is on it."""

    time: datetime
    appended_ms: int
    """When it came to the topic, by the Kafka cluster's clock."""


class PartitionReader:
    """What becomes of one partition's records. Only `symbols` are told, all where there are none."""

    def __init__(self, partition: int, symbols: Set[str], stats: Stats, order: Order | None = None) -> None:
        self.partition = partition
        self.beat: Beat | None = None
        self._symbols, self._stats, self._order = symbols, stats, order or Order()

    def read(self, name: str, fields: Mapping[str, Any], offset: int, appended_ms: int) -> tuple[Update, ...]:
        """What the next record tells: nothing, or more than one thing. `name`: of its schema."""
        is_quote = name in RECORDS
        if not is_quote and (name != CONTROL or fields["kind"] not in KINDS):
            self._stats.unknown += 1
            return ()
        if self._order.is_stale(fields["epoch"]):
            self._stats.stale_epoch += 1
            return ()
        symbol = fields["symbol"]
        if symbol is not None and self._symbols and symbol not in self._symbols:
            return ()
        return tuple(self._quote(fields, offset) if is_quote else self._control(fields, appended_ms))

    def _quote(self, fields: Mapping[str, Any], offset: int) -> Iterator[Update]:
        symbol, stats = fields["symbol"], self._stats
        missing = self._order.missing_before(symbol, fields["upto_sequence"], fields["conflated_count"])
        if missing is None:
            stats.repeated += 1
            return
        if missing:
            stats.gaps += 1
            stats.missing += len(missing)
            yield Gap(symbol, missing[0], missing[-1])
        stats.quotes += 1
        stats.conflated += fields["conflated_count"]
        yield Quote(MappingProxyType(fields), self.partition, offset)

    def _control(self, fields: Mapping[str, Any], appended_ms: int) -> Iterator[Update]:
        symbol, time, reason = fields["symbol"], fields["time"], fields["reason"]
        match ControlKind[fields["kind"]]:
            case ControlKind.HEARTBEAT:
                self.beat = Beat(time, appended_ms)
            case ControlKind.STALE:
                yield Stale(symbol, time, reason)
            case ControlKind.FRESH:
                yield Fresh(symbol, time)
            case ControlKind.GAP:
                yield GapNotice(symbol, time, reason, fields.get("from_time"), fields.get("to_time"))
            case ControlKind.SESSION:
                yield Session(fields["epoch"], reason == OPENED, time, self.partition)

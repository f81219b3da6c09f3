"""A random market for the tests of rollups: rows of every table they are made of, stored in any order and any way."""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from infra import clickhouse
from tierfeed.settings import ClickHouseSettings

US: Final = 1_000_000
START: Final = int(datetime(2026, 11, 3, 20, 30, tzinfo=UTC).timestamp())
"""A Tuesday: the day ends after three and a half hours, the market's at 22:00 UTC."""
LONG_S: Final = 6 * 3600
MIDNIGHT_S: Final = 3 * 3600 + 1800
SYMBOLS: Final = ("EURUSD", "USDJPY")
TIERS: Final = {"free": ["fxcm"], "pro": ["ic_markets", "fxcm"], "enterprise": ["ic_markets", "pepperstone", "fxcm"]}
BROKERS: Final = ("fxcm", "ic_markets", "pepperstone")
TENANTS: Final = ("acme", "globex", "initech", "hooli")
COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "ticks": (
        "broker", "symbol", "bid", "ask", "event_time", "received_time", "line", "session", "flags", "topic_id",
        "partition", "offset", "stored_at",
    ),
    "tier_quotes": (
        "tier", "symbol", "bid", "ask", "state", "received_time", "as_of_time", "due_time", "published_time",
        "conflated_count", "sources.broker", "sources.offset", "bid_age_us", "ask_age_us", "bid_broker", "ask_broker",
        "topic_id", "partition", "offset", "stored_at",
    ),
    "quality_windows": (
        "broker", "symbol", "window_start", "ticks", "duplicates", "line_duplicates", "backfilled", "invalid",
        "missing", "crossed", "quarantined", "spread_mean", "mid", "heartbeats", "stored_at",
    ),
    "usage_ranges": (
        "tenant", "consumer_group", "read_topic", "read_topic_id", "read_partition", "kind", "from_offset", "to_offset",
        "pass", "source_offset", "stored_at",
    ),
}  # fmt: skip
Row = dict[str, Any]


def micros(us: int) -> datetime:
    return datetime.fromtimestamp(us // US, UTC).replace(microsecond=us % US)


@dataclass
class World:
    """Rows by table. Made once; whoever stores them chooses which, and when they were stored."""

    seed: int
    records: int
    span_s: int = LONG_S
    rows: dict[str, list[Row]] = field(default_factory=lambda: {table: [] for table in COLUMNS})

    @staticmethod
    def tables() -> Iterable[str]:
        return COLUMNS

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._ticks()
        self._quotes()
        self._windows()
        self._ranges()

    def _ticks(self) -> None:
        chance = self._random
        for offset in range(3 * self.records):
            received = START * US + chance.randrange(self.span_s * US // 40_000) * 40_000  # some at the same moment
            price = 1.1 + chance.randrange(8) / 100_000
            self.rows["ticks"].append({
                "broker": chance.choice(BROKERS), "symbol": chance.choice(SYMBOLS), "bid": round(price, 5),
                "ask": round(price + chance.choice((0.00001, 0.00002, -0.00001)), 5),
                "event_time": chance.choice((None, *[micros(received - 900 - chance.randrange(500_000))] * 4)),
                "received_time": micros(received), "line": chance.choice("AAAB"),
                "session": chance.choice((1, 1, 1, 2)), "flags": chance.choice((0, 0, 0, 2, 4)),
                "topic_id": UUID(int=9), "partition": 0, "offset": offset,
            })  # fmt: skip

    def _quotes(self) -> None:
        """Records of each tier's two partitions; some offsets are no records, and some hours' offsets overlap."""
        chance = self._random
        for number, (tier, brokers) in enumerate(TIERS.items()):
            for partition in range(2):
                times = sorted(START * US + chance.randrange(self.span_s * US) for _ in range(self.records))
                for at in range(0, len(times) - 9, 37):  # a worker of an older epoch that was slow
                    times[at], times[at + 8] = times[at + 8], times[at]
                offset = 0
                for published in times:
                    offset += chance.choice((1, 1, 1, 2, 5))
                    row = self._quote(tier, brokers, published)
                    self.rows["tier_quotes"].append(
                        row | {"topic_id": UUID(int=number + 1), "partition": partition, "offset": offset}
                    )

    def _quote(self, tier: str, brokers: list[str], published: int) -> Row:
        chance = self._random
        came = [name for name in brokers if chance.random() < 0.8]
        as_of = published - chance.choice((0, 7, 120, 90_000))
        tick = chance.choice(self.rows["ticks"])
        bid, ask = (chance.choice((None, tick[side], tick[side])) for side in ("bid", "ask"))
        ages = [chance.choice((as_of - round(tick["received_time"].timestamp() * US), 11)) for _ in range(2)]
        row = {
            "tier": tier, "symbol": tick["symbol"] if chance.random() < 0.9 else chance.choice(SYMBOLS), "bid": bid,
            "ask": ask, "state": chance.choice(("NORMAL", "LOCKED", "CROSSED")) if bid and ask else "STALE",
            "received_time": micros(as_of - chance.randrange(10**6)) if bid or ask else None,
            "as_of_time": micros(as_of), "due_time": micros(as_of - chance.choice((0, -3, 50))),
            "published_time": micros(published),
            "conflated_count": chance.randrange(4), "sources.broker": came, "sources.offset": [0] * len(came),
        }  # fmt: skip
        if tier != "free":
            row |= {"bid_age_us": ages[0] if bid else None, "ask_age_us": ages[1] if ask else None}
        if tier == "enterprise":
            row |= {"bid_broker": chance.choice(brokers) if bid else None, "ask_broker": brokers[0] if ask else None}
        return row

    def _windows(self) -> None:
        chance = self._random
        around_midnight = range(MIDNIGHT_S - 3, MIDNIGHT_S + 4) if self.span_s > MIDNIGHT_S else ()
        for second in {*chance.sample(range(self.span_s), self.records), *around_midnight}:
            for broker in BROKERS:
                if chance.random() < 0.2:
                    continue
                beats = chance.randrange(2)
                start = micros((START + second) * US)
                for symbol in (*SYMBOLS, ""):
                    if chance.random() < 0.3:
                        continue
                    ticks = chance.randrange(5) if symbol else 0
                    mid = round(1.1 + chance.randrange(30) / 1e5, 6) if ticks and chance.random() < 0.8 else None
                    row = {
                        "broker": broker, "symbol": symbol, "window_start": start, "ticks": ticks,
                        "duplicates": min(ticks, 1), "line_duplicates": chance.randrange(2) * min(ticks, 1),
                        "backfilled": min(ticks, chance.randrange(2)), "invalid": min(ticks, chance.randrange(2)),
                        "missing": chance.randrange(3), "crossed": chance.randrange(2),
                        "quarantined": chance.randrange(2),
                        "spread_mean": None if mid is None else 0.0001 * chance.random(), "mid": mid,
                        "heartbeats": beats,
                    }  # fmt: skip
                    self.rows["quality_windows"] += [row] * chance.choice((1, 1, 1, 2))

    def _ranges(self) -> None:
        chance = self._random
        for tenant in TENANTS:
            for group in (f"{tenant}.desk", f"{tenant}.lab"):
                for topic in range(1, 4):
                    for partition in range(2):
                        self._moves(tenant, group, topic, partition, chance.randrange(6))

    def _moves(self, tenant: str, group: str, topic: int, partition: int, passes: int) -> None:
        """Ranges that touch, overlap, lie apart, and were told twice."""
        chance = self._random
        for number in range(passes):
            at = chance.randrange(self.records)
            for _ in range(chance.randrange(8)):
                to = at + chance.choice((1, 3, 40, 200, 900))
                kind = chance.choice(("CONSUMED",) * 6 + ("SKIPPED", "START_UNKNOWN"))
                row = {
                    "tenant": tenant, "consumer_group": group, "read_topic": str(topic),
                    "read_topic_id": str(UUID(int=topic)), "read_partition": partition, "kind": kind,
                    "from_offset": None if kind == "START_UNKNOWN" else at, "to_offset": to,
                    "pass": number // 2, "source_offset": chance.randrange(10**6),
                }  # fmt: skip
                self.rows["usage_ranges"] += [row] * chance.choice((1, 1, 2))
                at = chance.choice((to, to, to - 2, to + 3))


def store(database: ClickHouseSettings, table: str, rows: Iterable[Row], stored_at: datetime | None = None) -> None:
    stamp = stored_at or datetime.now(UTC)
    names = COLUMNS[table]
    client = clickhouse.client(database)
    listed = [[(row | {"stored_at": stamp}).get(name, _blank(name)) for name in names] for row in rows]
    if listed:
        client.insert(table, listed, column_names=names)
    client.close()


def _blank(name: str) -> Any:
    return [] if name.startswith("sources") else None

"""Ten thousand tenants over a month: what the rollups take, and every report by its command.

The month is one real day of ticks, tiled over its weekdays: what tiers would publish of it at their intervals, by whom.
Who consumes how much of it is made up, and so is the company. Ranges begin and end with hours.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench.places import ROOT, TARGET
from bench.process import peak_rss_mb
from bench.tapes import real_tape
from bench.telling import say
from collectors.port import Ticks
from collectors.script import Script
from infra import clickhouse
from infra.clickhouse_sql import statements
from infra.embedded.clickhouse import EmbeddedClickHouse
from sinks.connection import Connection
from sinks.rollups import Rollups
from sinks.setup import migrate
from tierfeed.domain.tiers import Tier
from tierfeed.settings import ClickHouseSettings, Settings

TENANTS: Final = 10_000
MONTH: Final = "2026-09"
FIRST, AFTER = date(2026, 9, 1), date(2026, 10, 1)
DAY_US: Final = 86_400_000_000
HOUR_US: Final = 3_600_000_000
PIPELINE_US: Final = 2_000
"""Of every record: the pipeline's latency is not what is measured here."""
REPORTS: Final = (
    ("costs", MONTH),
    ("costs again", MONTH),
    ("month", MONTH),
    ("profit", "--users", str(TENANTS)),
    ("brokers", "--days", "30", "--until", str(AFTER)),
    ("usage", "--days", "30", "--until", str(AFTER)),
    ("health", "--until", str(AFTER)),
)


def measure(tenants: int = TENANTS) -> dict[str, Any]:
    """Everything, on a database of its own."""
    tape, scripts = real_tape()
    with _database() as (database, settings, pid):
        migrate(settings)
        company_s, _ = _timed(lambda: _run(settings, "ops", "generate", *_of_company(tenants)))
        client = clickhouse.client(database)
        _fill(client, scripts, settings.tiers())
        connection = Connection(database)
        rollups = Rollups(connection, settings.calendar)
        rollups_s, _ = _timed(rollups.refresh)
        for statement in statements(_TILE):
            client.command(statement)
        again_s, _ = _timed(rollups.refresh)
        connection.close()
        tables = ("consumption_days", "sla_slices", "ops_subscriptions", "ops_invoices", "usage_ranges")
        stored = {table: client.query(f"SELECT count() FROM {table}").result_rows[0][0] for table in tables}
        say(f"business: company {company_s:.1f} s, rollups {rollups_s:.1f} s and {again_s:.1f} s; stored {stored}")
        reports, told = {}, {}
        for name, *arguments in REPORTS:
            run = _run(settings, "report", name.split()[0], *arguments, "--json")
            reports[name], told[name] = {"wall_s": run.wall_s, "peak_rss_mb": run.peak_rss_mb}, run.told
            say(f"business: report {name}: {run.wall_s:.1f} s, {run.peak_rss_mb:.0f} MiB")
        allocated = client.query("SELECT count(), sum(microusd) FROM cost_allocations").result_rows[0]
        client.close()
        costs = told["costs"]
        parts = sum(Decimal(costs[name]) for name in ("allocated_usd", "idle_usd", "unallocated_usd"))
        return {
            "tenants": tenants,
            "tape": tape,
            "company_s": company_s,
            "rollups_s": rollups_s,
            "rollups_again_s": again_s,
            "stored": stored,
            "reports": reports,
            "server_peak_rss_mb": peak_rss_mb(pid),
            "allocations": allocated[0],
            "exact": parts == Decimal(costs["total_usd"]) == Decimal(allocated[1]).scaleb(-6),
            "same_again": _timeless(costs) == _timeless(told["costs again"]),
            "total_usd": costs["total_usd"],
            "allocated_usd": costs["allocated_usd"],
        }


def _of_company(tenants: int) -> Sequence[str]:
    return "--tenants", str(tenants), "--months", "2", "--seed", "7", "--until", MONTH


@contextmanager
def _database() -> Iterator[tuple[ClickHouseSettings, Settings, int]]:
    home = TARGET / "clickhouse-business"
    shutil.rmtree(home, ignore_errors=True)
    server = EmbeddedClickHouse(home)
    try:
        state = server.start()
        database = ClickHouseSettings(url=state.url)
        yield database, Settings(clickhouse=database), state.pid
    finally:
        server.stop()
        shutil.rmtree(home, ignore_errors=True)


@dataclass(frozen=True)
class _Ran:
    wall_s: float
    peak_rss_mb: float
    told: Any


def _run(settings: Settings, *arguments: str) -> _Ran:
    """A command as somebody runs it."""
    environment = os.environ | {
        "TIERFEED_CLICKHOUSE__URL": settings.clickhouse.url,
        "TIERFEED_CLICKHOUSE__DATABASE": settings.clickhouse.database,
        "TIERFEED_KAFKA__BOOTSTRAP_SERVERS": settings.kafka.bootstrap_servers,  # so that no running stack is looked for
    }
    begun = time.monotonic()
    with tempfile.TemporaryFile() as out:
        child = subprocess.Popen([sys.executable, "-m", "tierfeed", *arguments], cwd=ROOT, env=environment, stdout=out)
        peak_mb = 0.0
        while child.poll() is None:
            peak_mb = max(peak_mb, peak_rss_mb(child.pid) if Path(f"/proc/{child.pid}/status").exists() else 0.0)
            time.sleep(0.05)
        out.seek(0)
        text = out.read().decode()
    if child.returncode:
        raise RuntimeError(f"tierfeed {' '.join(arguments)} ended with exit code {child.returncode}")
    return _Ran(time.monotonic() - begun, peak_mb, json.loads(text) if "--json" in arguments else None)


def _timeless(value: Any) -> Any:
    """Without when it was computed."""
    if isinstance(value, dict):
        return {name: _timeless(of) for name, of in value.items() if name != "computed_at"}
    return [_timeless(each) for each in value] if isinstance(value, list) else value


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    begun = time.monotonic()
    result = work()
    return time.monotonic() - begun, result


def _fill(client: Any, scripts: Sequence[Script], tiers: Sequence[Tier]) -> None:
    """The day's hours in every weekday of the month, its windows in the first, and who consumed and was promised."""
    days = [FIRST + timedelta(days=n) for n in range((AFTER - FIRST).days)]
    weekdays = [day for day in days if day.isoweekday() <= 5]
    ticks = {script.broker: _of_a_day(script.ticks) for script in scripts}
    rows = [row for number, tier in enumerate(tiers) for row in _hours(tier, number, ticks, weekdays)]
    client.insert("tier_hours", rows, column_names=_HOURS)
    windows = [row for broker, of in ticks.items() for row in _windows(broker, of, weekdays[0])]
    client.insert("quality_windows", windows, column_names=_WINDOWS)
    client.insert("tier_versions", [_version(tier) for tier in tiers], column_names=_VERSION)
    for statement in statements(_FILL.format(first=FIRST, day=weekdays[0])):
        client.command(statement)


def _of_a_day(ticks: Ticks) -> Ticks:
    """The tape's first day, counted from its first midnight."""
    midnight = int(ticks.received_us[0]) // DAY_US * DAY_US
    first = ticks.take(np.flatnonzero(ticks.received_us < midnight + DAY_US))
    return first.take(np.argsort(first.received_us, kind="stable"))


_HOURS: Final = (
    "tier", "symbol", "hour", "topic_id", "partition", "first_offset", "last_offset", "records", "conflated", "usable",
    "timed", "waited_us", "pipeline_us", "pipeline", "brokers", "halves", "version", "computed_at",
)  # fmt: skip


def _hours(tier: Tier, number: int, ticks: dict[str, Ticks], days: Sequence[date]) -> Iterator[tuple[Any, ...]]:
    """What the tier would publish: of each interval the last tick of its brokers, whose both halves are."""
    brokers = [broker for broker in tier.brokers if broker in ticks]
    symbols = sorted({name for broker in brokers for name in ticks[broker].symbols})
    topic_id, now = f"00000000-0000-0000-0000-{number + 1:012d}", datetime.now(UTC)
    for partition, symbol in enumerate(symbols):
        at, whose = _merged(brokers, ticks, symbol)
        if not len(at) or (tier.symbols and symbol not in tier.symbols):
            continue
        last = np.flatnonzero(np.diff(at // tier.interval_us, append=-1))  # of each interval
        hours = (at[last] % DAY_US) // HOUR_US
        waited = tier.interval_us - at[last] % tier.interval_us
        offset = 0
        for day in days:
            for hour in range(24):
                of_hour = hours == hour
                records = int(of_hour.sum())
                if not records:
                    continue
                came = int((((at % DAY_US) // HOUR_US) == hour).sum())
                halves = 2 * np.bincount(whose[last][of_hour], minlength=len(brokers))
                yield (
                    tier.name, symbol, datetime(day.year, day.month, day.day, hour, tzinfo=UTC), topic_id, partition,
                    offset, offset + records - 1, records, came - records, records, records,
                    int(waited[of_hour].sum()), PIPELINE_US * records, {88: records}, brokers, halves.tolist(),
                    records + int(halves.sum()), now,
                )  # fmt: skip
                offset += records


def _merged(brokers: Sequence[str], ticks: dict[str, Ticks], symbol: str) -> tuple[Any, Any]:
    """When the brokers ticked it, in order, and which of them."""
    at, whose = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for number, broker in enumerate(brokers):
        of = ticks[broker]
        if symbol in of.symbols:
            mine = of.received_us[of.symbol == of.symbols.index(symbol)]
            at.append(mine)
            whose.append(np.full(len(mine), number))
    order = np.argsort(np.concatenate(at), kind="stable")
    return np.concatenate(at)[order], np.concatenate(whose)[order]


_WINDOWS: Final = ("broker", "symbol", "window_start", "ticks", "mid", "spread_mean")


def _windows(broker: str, ticks: Ticks, day: date) -> Iterator[tuple[Any, ...]]:
    begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
    for number, symbol in enumerate(ticks.symbols):
        rows = np.flatnonzero(ticks.symbol == number)
        at_s = ticks.received_us[rows] % DAY_US // 1_000_000
        seconds, last, count = np.unique(at_s, return_index=True, return_counts=True)
        bid, ask = ticks.bid[rows[last]], ticks.ask[rows[last]]
        for second, n, mid, spread in zip(seconds.tolist(), count.tolist(), (bid + ask) / 2, ask - bid, strict=True):
            yield broker, symbol, begin + timedelta(seconds=second), n, round(float(mid), 6), round(float(spread), 6)


_VERSION: Final = (
    "tier", "valid_from", "active", "symbols", "interval_ms", "depth_hours", "brokers", "redundancy", "record",
    "features", "latency_ms", "completeness_percent", "uptime_percent", "quality", "price_microusd",
)  # fmt: skip


def _version(tier: Tier) -> tuple[Any, ...]:
    return (
        tier.name, datetime(2026, 1, 1, tzinfo=UTC), True, sorted(tier.symbols or ()), tier.interval_us / 1000,
        tier.depth_hours, list(tier.brokers), tier.redundancy, tier.record, list(tier.features),
        None if tier.latency_us is None else tier.latency_us / 1000,
        None if tier.completeness_ppm is None else tier.completeness_ppm / 10_000,
        None if tier.uptime_ppm is None else tier.uptime_ppm / 10_000, tier.quality, tier.price_microusd,
    )  # fmt: skip


_FILL: Final = """
INSERT INTO tenant_versions (tenant, valid_from, active, name, tier, symbols)
SELECT tenant, toDateTime64(from_date, 6, 'UTC'), true, tenant, tier, [] FROM ops_subscriptions;

-- Nine of ten come on a day, each from an hour of their own on.
INSERT INTO usage_ranges
    (tenant, consumer_group, read_topic, read_topic_id, read_partition, kind, from_offset, to_offset, pass,
    committed_at, stored_at)
SELECT
    customer.tenant, concat(customer.tenant, '.desk'), concat('tier.', hours.tier), toString(topic_id), partition,
    'CONSUMED',
    min(first_offset), max(last_offset) + 1, 0, toDateTime64(day, 6, 'UTC'), now64(6, 'UTC')
FROM (SELECT tenant, argMax(tier, from_date) AS tier FROM ops_subscriptions GROUP BY tenant) AS customer
INNER JOIN (SELECT *, toDate(hour) AS day FROM tier_hours FINAL) AS hours ON customer.tier = hours.tier
WHERE cityHash64(customer.tenant, day) % 10 < 9 AND toHour(hour) >= cityHash64(customer.tenant) % 12
GROUP BY customer.tenant, hours.tier, topic_id, partition, day;

INSERT INTO quality_windows (broker, symbol, window_start, ticks, heartbeats)
SELECT broker, '', toDateTime64('{day}', 6, 'UTC') + number, 0, 1
FROM (SELECT DISTINCT broker FROM quality_windows) AS brokers CROSS JOIN numbers(86400) AS seconds;

-- One slice in five thousand is bad.
INSERT INTO sla_slices (tier, objective, slice_start, slice_s, symbols, good, total, causes, formula, judged_at)
SELECT
    tier, of.1, toDateTime('{first}', 'UTC') + number * 10, of.2, ['EURUSD', 'NZDUSD'],
    if(cityHash64(tier, of.1, number) % 5000 = 0, [0, 0], [of.3, of.3]), [of.3, of.3], ['', ''],
    'bench', now64(6, 'UTC')
FROM numbers(259200) AS slices CROSS JOIN (SELECT DISTINCT tier FROM tier_hours) AS tiers
ARRAY JOIN [('latency', 10, 60), ('completeness', 10, 60), ('uptime', 10, 1), ('redundancy', 60, 1)] AS of
WHERE (of.1 != 'redundancy' OR number % 6 = 0) AND toDayOfWeek(toDateTime('{first}', 'UTC') + number * 10) <= 5
"""
_TILE: Final = f"""
INSERT INTO broker_days SELECT * REPLACE (day + n AS day)
FROM broker_days FINAL ARRAY JOIN range(1, 30) AS n WHERE day = '{FIRST}' AND toDayOfWeek(day + n) <= 5;
INSERT INTO presence_days SELECT * REPLACE (day + n AS day)
FROM presence_days FINAL ARRAY JOIN range(1, 30) AS n WHERE day = '{FIRST}' AND toDayOfWeek(day + n) <= 5
"""

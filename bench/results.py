"""RESULTS.md from what was measured."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

Found = Mapping[str, Any]
TITLES = {
    "ours": "**tierfeed**",
    "kafka_streams": "Kafka Streams",
    "kafka_streams_with_last_values": "Kafka Streams, last values too",
    "quix": "Quix Streams",
    "stock_faust": "stock Faust",
    "bare_relay": "a bare relay",
}
JOB = """Every engine reads the same Avro ticks of three brokers (28 symbols, some 10,000 ticks a second of event time,
2 % redelivered) from the same topics of an embedded Kafka and publishes to the same three tier topics, one engine at a
time, each in a process of its own. The peers do the leading edge of the job: dedupe by sequence, best bid and offer, an
interval per tier. Ours does all of it: alignment, stale quotes, timed last values, quality windows, full records. CPU
is that of the whole process from the first tick to the last; "2nd half" is the same over the second half, when a JVM is
warm. Ratios only mean something within one run."""


def render(facts: Mapping[str, str], found: Found, failed: Mapping[str, str]) -> str:
    """The whole page."""
    parts = [
        "# Measured",
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, by `make bench`; one alone: `python -m bench NAME`.",
        JOB,
    ]
    for name, write in (
        ("stream", _stream),
        ("catchup", _catchup),
        ("latency", _latency),
        ("sink", _sink),
        ("tenants", _tenants),
        ("business", _business),
    ):
        if name in found:
            parts += write(found[name])
        if name in failed:
            parts.append(f"## {name}\n\nFailed: {failed[name]}")
    parts += ["## Machine", _table(("what", "value"), facts.items())]
    return "\n\n".join(parts) + "\n"


def _table(head: Sequence[str], rows: Any) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def _number(value: float | None, digits: int = 2) -> str:
    return "" if value is None else f"{value:,.{digits}f}"


def _engines(runs: Mapping[str, Found]) -> str:
    ours = runs.get("ours", {}).get("cpu_us_per_tick")
    rows = [
        (
            TITLES[name], _number(run["cpu_us_per_tick"]), _number(run.get("cpu_us_per_tick_later")),
            _number(run["cpu_us_per_tick"] / ours, 1) if ours else "", _number(run["ticks_per_s"], 0),
            _number(run["out_per_tick"]), _number(run["peak_rss_mb"], 0), f"{run['ticks']:,}",
        )
        for name, run in runs.items()
    ]  # fmt: skip
    head = ("engine", "CPU µs per tick", "2nd half", "÷ ours", "ticks/s", "records per tick", "peak MiB", "ticks")
    return _table(head, rows)


def _stream(found: Found) -> Iterator[str]:
    figures = ("cpu_us_per_tick", "cpu_us_per_tick_later", "ticks_per_s", "out_per_tick", "peak_rss_mb", "ticks")
    runs = {name: {figure: found[figure][name] for figure in figures} for name in found["cpu_us_per_tick"]}
    yield "## Stream job: CPU per tick"
    yield _engines(runs)
    yield from (f"{TITLES.get(name, name)}: {why}" for name, why in found["left_out"].items())
    yield "Ours as the market grows; every symbol of every broker ticks as often as above:"
    rows = [
        (name, _number(run["cpu_us_per_tick"]), _number(run["ticks_per_s"], 0), _number(run["out_per_tick"]))
        for name, run in found["flat"].items()
    ]
    yield _table(("market", "CPU µs per tick", "ticks/s", "records per tick"), rows)
    yield (
        f"Real ticks: {found['tape']['tape']}. Most are over 10 ms apart: more records to encode, and many of them an "
        "interval's last value, which a peer at the leading edge does not publish."
    )
    yield _engines(found["tape"]["runs"])


def _catchup(found: Found) -> Iterator[str]:
    yield "## Catching up"
    verdict = "exactly the reference" if found["exact"] else f"NOT the reference: {found['first_difference']}"
    yield (
        f"A worker started on {found['ticks']:,} waiting ticks: {found['wall_s']:.1f} s from the first to the last, "
        f"{found['ticks_per_s']:,.0f} ticks/s, {found['cpu_us_per_tick']:.2f} µs CPU per tick, "
        f"{found['peak_rss_mb']:.0f} MiB. Compared record by record ({sum(found['compared'].values()):,}): {verdict}."
    )


def _latency(found: Found) -> Iterator[str]:
    yield "## Latency: tick handed to Kafka until a consumer has it, in ms"
    rows = []
    for rate, runs in found["rates"].items():
        for engine, run in runs.items():
            if engine in TITLES:
                hops = (("broker topic (direct hop)", run["direct"]), (f"tier topic, {TITLES[engine]}", run["tier"]))
                if "pipeline" in run["tier"]:
                    hops += (("of it in the pipeline, as the SLA counts", run["tier"]["pipeline"]),)
                rows += [(f"{int(rate):,}", title, *(_number(hop.get(f"p{q}_ms")) for q in (50, 90, 99)))
                         for title, hop in hops]  # fmt: skip
        rows += [
            (f"{int(rate):,}", f"{TITLES[engine]} less the direct hop", _number(ms), "", "")
            for engine, ms in runs["p50_above_direct_ms"].items()
        ]
    yield _table(("ticks/s", "hop", "p50", "p90", "p99"), rows)
    yield (
        "The hops are those of records that nothing but the engine held back; each engine's direct hop is that of the "
        "same minute, which differs, for all share the machine. A bare relay reads a tick, publishes a quote and does "
        "nothing else: no engine on librdkafka can be quicker. The pipeline's latency is that of all "
        "records, timed last values included: published less the later of as-of and due time."
    )


def _sink(found: Found) -> Iterator[str]:
    of, memory = found["cpu_us_per_tick_of"], found["peak_rss_mb"]
    yield "## Sink"
    yield (
        f"{found['ticks']:,} ticks into ClickHouse: {found['cpu_us_per_tick']:.2f} µs CPU per tick "
        f"(sink {of['sink']:.2f}, database {of['clickhouse']:.2f}), {found['ticks_per_s']:,.0f} ticks/s; "
        f"peak {memory['sink']:.0f} MiB and {memory['clickhouse']:.0f} MiB."
    )


def _tenants(found: Found) -> Iterator[str]:
    applied, asked, cycle, usage = (found[key] for key in ("apply", "authorizer", "meter", "usage"))
    yield f"## {found['tenants']:,} tenants"
    yield _table(
        ("what", "measured"),
        [
            ("`tenants plan` on an empty cluster", f"{applied['plan_s']:.1f} s"),
            ("`tenants apply`: users, rights and quotas", f"{applied['apply_s']:.1f} s"),
            ("`tenants plan` with nothing to do", f"{applied['plan_again_s']:.1f} s"),
            ("Kafka's CPU per request of somebody whose rights it does not look up", f"{asked['admin_us']:.0f} µs"),
            ("the same of a tenant, each right under a name of its own", f"{asked['doors_us']:.0f} µs"),
            ("the same, every tenant's right on the topic itself", f"{asked['entries_on_the_topic_us']:.0f} µs"),
            (f"a meter's cycle: {cycle['commits']:,} commits", f"{cycle['cycle_s']:.1f} s"),
            ("of it the meter's CPU per commit", f"{cycle['cpu_us_per_commit']:.1f} µs"),
            (
                f"usage of every tenant over {usage['tier_quotes']:,} quotes and {usage['usage_ranges']:,} ranges",
                f"{usage['all_s']:.1f} s",
            ),
            ("usage of one of them", f"{usage['one_s']:.2f} s"),
        ],
    )
    yield "The stream workers know no tenant: their cost per tick is the same with none and with ten thousand."


def _business(found: Found) -> Iterator[str]:
    stored, reports = found["stored"], found["reports"]
    yield f"## The business: {found['tenants']:,} tenants, 30 days"
    yield (
        f"A month tiled of one real day ({found['tape']}): its weekdays, {stored['consumption_days']:,} days of "
        f"tenants and symbols, consumed by {stored['usage_ranges']:,} ranges, {stored['sla_slices']:,} judged slices. "
        "The company and who consumes are made up; the pipeline's latency is set, and ranges begin and end with hours. "
        "Each report is its command, from start to end, with --json, in a process of its own."
    )
    rows = [
        ("`ops generate`, imported", f"{found['company_s']:.1f} s", ""),
        ("rollups of the month's consumption", f"{found['rollups_s']:.1f} s", ""),
        ("the same, computed again", f"{found['rollups_again_s']:.1f} s", ""),
        *(
            (f"`report {name}`", f"{run['wall_s']:.1f} s", f"{run['peak_rss_mb']:.0f} MiB")
            for name, run in reports.items()
        ),
        ("ClickHouse", "", f"{found['server_peak_rss_mb']:.0f} MiB"),
    ]
    yield _table(("what", "time", "peak memory"), rows)
    exact = "to the micro-dollar" if found["exact"] else "NOT exactly"
    same = "identical" if found["same_again"] else "NOT identical"
    borne, total = (Decimal(found[name]) for name in ("allocated_usd", "total_usd"))
    yield (
        f"{found['allocations']:,} rows of allocations: ${borne:,.2f} of ${total:,.2f} is borne by "
        f"tenants; with what is idle and nobody's it adds up {exact}. The second run was {same}."
    )

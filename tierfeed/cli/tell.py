"""The figures of a demo for a person to read."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tierfeed.cli.figures import Figures
from tierfeed.cli.output import out, show

Rows = Iterator[tuple[Any, ...]]


def tell(figures: Figures, kept: Path | None) -> None:
    """The summary, and what to try next."""
    console = out()
    pace = "as fast as it goes" if figures.speed == "max" else f"{figures.speed:g} times as fast as it happened"
    console.print(f"\n{figures.tape}, {pace}", style="bold", markup=False)
    show(
        ("broker", "feed", "ticks", "applied", "lost on purpose", "doubled on purpose", "bad rows"),
        _brokers(figures),
        "Brokers",
    )
    for broker in figures.in_no_tier:
        console.print(f"{broker} is in no tier: what it says reaches no composite", markup=False)
    show(("reason", "ticks"), figures.dropped.items(), "Ticks that changed nothing, by reason")
    show(("tier", "records", "conflated", "of composites", "symbols", "p50 ms", "p99 ms"), _tiers(figures), "Tiers")
    reasons = {entry["reason"] for entry in figures.latency_ms.values() if "reason" in entry}
    for reason in sorted(reasons):
        console.print(f"latency: {reason}", markup=False)
    if not reasons:
        console.print("latency: append to the broker's topic to append to the tier's, of records released at once")
    show(("table", "rows"), figures.rows.items(), "ClickHouse")
    show(_QUALITY, _quality(figures), "Quality")
    for line in _verdict(figures):
        console.print(line, markup=False)
    for line in _next(kept):
        console.print(line, markup=False)


def _brokers(figures: Figures) -> Rows:
    for name, broker in figures.brokers.items():
        yield (
            name,
            broker["feed"],
            broker["published"],
            broker["applied"],
            broker["lost_on_purpose"],
            broker["doubled_on_purpose"],
            broker["bad_rows"],
        )


def _tiers(figures: Figures) -> Rows:
    for name, tier in figures.tiers.items():
        latency = figures.latency_ms[name]
        symbols = ", ".join(tier["symbols"])
        yield name, tier["published"], tier["conflated"], tier["updates"], symbols, latency["p50"], latency["p99"]


_QUALITY = ("broker", "symbol", "lines", "complete %", "spread pips", "crossed %", "feed p50 ms", "feed p99 ms")


def _quality(figures: Figures) -> Rows:
    for row in figures.quality:
        yield (
            row["broker"],
            row["symbol"],
            row["lines"],
            row["completeness_percent"],
            row["spread_mean_pips"],
            row["crossed_percent"],
            row["feed_latency_p50_ms"],
            row["feed_latency_p99_ms"],
        )


def _verdict(figures: Figures) -> Iterator[str]:
    yield f"lost {figures.lost:,}, doubled {figures.doubled:,}, in {figures.elapsed_s:g} s"
    ticks = figures.conservation["ticks"]
    yield (
        f"{ticks['in']:,} ticks in = {ticks['applied']:,} applied + {ticks['dropped']:,} dropped "
        f"+ {ticks['dead_lettered']:,} dead-lettered"
    )
    yield from (f"PROBLEM: {problem}" for problem in figures.problems)


def _next(kept: Path | None) -> Iterator[str]:
    yield ""
    yield "Try next:"
    if kept is not None:
        yield '  tierfeed sql "SELECT * FROM bars ORDER BY minute LIMIT 5"'
        yield "  tierfeed consume --tier pro --from beginning --limit 10"
        yield "  tierfeed down                         ends the demo's Kafka and ClickHouse"
        return
    yield "  tierfeed up                           the same line, live and for ever; then, beside it:"
    yield "  tierfeed consume --tier pro           watch what a pro tenant gets"
    yield '  tierfeed sql "SELECT tier, count() FROM tier_quotes GROUP BY tier"'
    yield "  tierfeed demo --tape YOUR.yaml        your own ticks"

"""`tierfeed top`: how everything is, live."""

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from tierfeed.cli.output import Json, emit, out, text
from tierfeed.cli.sla import registered_in
from tierfeed.cli.stack import reached
from tierfeed.settings import load_settings

if TYPE_CHECKING:
    from analytics.top import Snapshot

SHOWN = 8
"""Tenants; how many more there are is said."""
LOST_S, QUIET_S = 10, 30


def top(
    every: Annotated[float, typer.Option(help="Seconds between two looks.", min=0.5)] = 2.0,
    once: Annotated[bool, typer.Option("--once", help="One look, and no more.")] = False,
    json: Json = False,
) -> None:
    """Show brokers, tiers and tenants at risk, live, until Ctrl-C. With --json or --once, as they are now.

    Example: tierfeed top --every 5
    """
    from analytics.summary import Questions  # clickhouse-connect
    from analytics.top import snapshot

    settings = reached(load_settings())
    registered, questions = registered_in(settings), Questions(settings.clickhouse)
    try:
        if json:
            emit(asdict(snapshot(questions, registered)))
        elif once:
            out().print(drawn(snapshot(questions, registered)))
        else:
            with Live(drawn(snapshot(questions, registered)), console=out(), screen=True, auto_refresh=False) as live:
                while True:
                    time.sleep(every)
                    live.update(drawn(snapshot(questions, registered)), refresh=True)
    finally:
        questions.close()


def drawn(now: "Snapshot") -> Group:
    """The screen, of eighty columns."""
    return Group(
        Text(f"tierfeed  {now.at:%F %T}Z", style="bold"),
        _brokers(now),
        _tiers(now),
        Text(_risk_title(now), "bold"),
        *([_tenants(now)] if now.at_risk else ()),
    )


def _brokers(now: "Snapshot") -> Table:
    table = _table("broker", "is", "ticks/s", "latency ms", "missing", "faulty", "quiet s")
    for row in now.brokers:
        quiet_s = row["quiet_s"]
        if row["silent_s"] > LOST_S:
            state = Text("lost", "red")
        elif quiet_s is None or quiet_s > QUIET_S:
            state = Text("quiet", "yellow")
        else:
            state = Text("live", "green")
        figures = ("ticks_per_s", "latency_p50_ms", "missing", "faulty", "quiet_s")
        table.add_row(row["broker"], state, *(text(row[name]) for name in figures))
    return table


def _tiers(now: "Snapshot") -> Table:
    table = _table("tier", "records/s", "symbols", "p50 ms", "p99 ms", "broken", left=(0, 5))
    for row in now.tiers:
        broken = sorted(
            {each["objective"] for each in now.incidents if each["subject"] == row["tier"] and each["what"] == "breach"}
        )
        told = Text(", ".join(broken), "red") if broken else Text("nothing", "green")
        figures = ("records_per_s", "symbols", "p50_ms", "p99_ms")
        table.add_row(row["tier"], *(text(row[name]) for name in figures), told)
    return table


def _tenants(now: "Snapshot") -> Table:
    table = _table("tenant", "tier", "since", "broken", left=(0, 1, 2, 3))
    for row in now.at_risk[:SHOWN]:
        table.add_row(row["tenant"], row["tier"], f"{row['since']:%d %H:%M:%S}", Text(", ".join(row["broken"]), "red"))
    return table


def _risk_title(now: "Snapshot") -> str:
    more = len(now.at_risk) - SHOWN
    return f"tenants at risk: {len(now.at_risk):,}" + (f", {SHOWN} of them" if more > 0 else "")


def _table(*columns: str, left: tuple[int, ...] = (0, 1)) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for at, name in enumerate(columns):
        table.add_column(name, justify="left" if at in left else "right", overflow="ellipsis", no_wrap=True)
    return table

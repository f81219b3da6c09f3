"""`tierfeed usage`: what a tenant consumed."""

from dataclasses import asdict
from typing import Annotated

import typer

from tierfeed.cli.output import Json, emit, err, show
from tierfeed.cli.stack import reached
from tierfeed.cli.times import span
from tierfeed.settings import load_settings

DAYS = (
    "consumer_group", "day", "symbol", "ticks", "replayed", "skipped",
    "latency_p50_ms", "latency_p99_ms", "usable_percent",
)  # fmt: skip
GROUPS = ("consumer_group", "read_topic", "last_seen", "start_unknown", "expired", "pending")


def usage(
    tenant: Annotated[str, typer.Option(help="Whose consumption.")],
    begin: Annotated[str, typer.Option("--from", metavar="TIME", help="ISO 8601, UTC where it names no zone.")],
    end: Annotated[str | None, typer.Option("--to", metavar="TIME", help="Before it; now, where left out.")] = None,
    json: Json = False,
) -> None:
    """Tell what a tenant consumed of what was published from one moment on and before another, by day and symbol.

    Ticks are stored records that the tenant's groups have committed, each once per group; what was read again, and what
    a group was set forward over, stand beside them. A consumer that never commits is not metered: where the nodes of
    the cluster have an exporter, the cross-check tells of it.

    Example: tierfeed usage --tenant acme --from 2026-11-01 --to 2026-12-01
    """
    from analytics.usage import usage as asked  # clickhouse-connect

    start, until = span(begin, end)
    found = asked(reached(load_settings()).clickhouse, tenant, start, until)
    if json:
        emit(asdict(found))
        return
    symbols = ", ".join(found.symbols) or "none"
    show(
        ("what", "value"),
        [
            ("ticks consumed", f"{found.ticks:,}"),
            ("replayed", f"{found.replayed:,}"),
            ("skipped", f"{found.skipped:,}"),
            ("symbols", symbols),
            ("status", found.status),
            ("bytes cross-check", found.bytes.status),
            ("bytes sent", found.bytes.sent),
            ("bytes explained", found.bytes.explained),
            ("minutes asked", round(found.bytes.asked_s / 60, 1)),
        ],
        f"{tenant}, {start.isoformat()} to {until.isoformat()}",
    )
    if found.days:
        show([name.replace("_", " ") for name in DAYS], [[row[name] for name in DAYS] for row in found.days])
    if found.groups:
        show([name.replace("_", " ") for name in GROUPS], [[row[name] for name in GROUPS] for row in found.groups])
    else:
        err().print(f"no group of {tenant} has committed anything", markup=False)

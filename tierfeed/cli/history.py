"""`tierfeed history`: what a tenant may see of what was."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from tierfeed.cli.output import emit, err, text
from tierfeed.cli.stack import reached
from tierfeed.cli.times import span
from tierfeed.domain.tenants import Tenant
from tierfeed.domain.tiers import Tier
from tierfeed.errors import EntitlementError
from tierfeed.settings import Settings, load_settings


def history(
    tenant: Annotated[str, typer.Option(help="Whose history; it goes as deep as the tenant's tier.")],
    symbol: Annotated[str, typer.Option(help="Such as EURUSD.")],
    begin: Annotated[str, typer.Option("--from", metavar="TIME", help="ISO 8601, UTC where it names no zone.")],
    end: Annotated[str | None, typer.Option("--to", metavar="TIME", help="Before it; now, where left out.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="End after so many records.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line, with every field of the tier.")] = False,
) -> None:
    """Serve a tenant the stored quotes of its tier, cut exactly at its depth.

    Times are those of publication. What was asked for beyond the tier's depth, or of a symbol that was not bought, is
    refused with a clear word, and the refusal is recorded: the table access_decisions has it.

    Example: tierfeed history --tenant acme --symbol EURUSD --from 2026-11-26T09:00 --limit 20
    """
    from analytics.history import cut, served  # clickhouse-connect

    settings = reached(load_settings())
    now = datetime.now(UTC)
    asked, until = span(begin, end, now)
    known, tier = _entitled(settings, tenant, now)
    if not known.may_see(symbol, tier):
        _refuse(settings, known, symbol, f"{symbol} is not among what {tenant} has bought", now)
        raise EntitlementError(f"{symbol} is not among the symbols of {tenant} ({tier.name}); the refusal is recorded")
    found = cut(tier, asked, until, now)
    if found.is_cut:
        _refuse(settings, known, symbol, f"depth {tier.depth_hours} h, asked from {asked.isoformat()}", now)
        err().print(
            f"{tier.name} goes back {tier.depth_hours} h: served from {found.start.isoformat()}, asked from "
            f"{asked.isoformat()}; the refusal is recorded",
            markup=False,
        )
    _print(served(settings.clickhouse, tier, symbol, found), limit, json)


def _entitled(settings: Settings, name: str, now: datetime) -> tuple[Tenant, Tier]:
    from tenants.registry import Registry

    registry = Registry(settings.clickhouse)
    known = registry.newest()
    registry.close()
    tenant = known.tenant(name)
    if not tenant.is_active(now.date()):
        raise EntitlementError(f"the contract of {name} does not cover {now.date()}")
    return tenant, known.tier_of(tenant)


def _refuse(settings: Settings, tenant: Tenant, symbol: str, rule: str, now: datetime) -> None:
    from tenants.decisions import refused_history, tell

    tell(settings.kafka, refused_history(tenant.id, tenant.tier, symbol, rule, now))


COLUMNS = ("published_time", "symbol", "bid", "ask", "spread", "state", "conflated_count", "upto_sequence")


def _print(records: Iterator[dict[str, Any]], limit: int | None, json: bool) -> None:
    if not json:
        typer.echo(f"{COLUMNS[0]:<32} " + " ".join(f"{name:>15}" for name in COLUMNS[1:]))
    count = 0
    for record in records:
        if json:
            emit(record)
        else:
            typer.echo(
                f"{record[COLUMNS[0]].isoformat():<32} "
                + " ".join(f"{text(record.get(name)):>15}" for name in COLUMNS[1:])
            )
        count += 1
        if limit is not None and count >= limit:
            break
    err().print(f"{count:,} records", markup=False)

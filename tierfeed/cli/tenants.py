"""`tierfeed tenants`: who may read what. Plan, apply, list, show, rotate, remove."""

from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.acls import Acl
from tenants.plan import TenantPlan, plan_removal, plan_tenants
from tenants.registry import Registry
from tierfeed.cli.clusters import asking
from tierfeed.cli.credentials import Credentials, handing_over, show_credentials
from tierfeed.cli.output import Json, emit, err, out, show
from tierfeed.cli.shell import PROBLEM
from tierfeed.cli.stack import reached
from tierfeed.domain.tenants import Registered, Tenant, parse_tenants
from tierfeed.errors import ConfigError, TierfeedError
from tierfeed.settings import Settings, load_settings, read_document

if TYPE_CHECKING:
    from tenants.cluster import Access

app = typer.Typer(name="tenants", help="Tenants: plan, apply, list, show, feed, rotate, remove.", no_args_is_help=True)

File = Annotated[Path | None, typer.Option("--file", help="The tenants' file; else that of the setting tenants_file.")]
Name = Annotated[str, typer.Argument(help="The tenant's id.")]
MANY = 1000
"""Users that take so long that one wants to hear how far it is."""


@app.command()
def plan(file: File = None, json: Json = False) -> None:
    """Show in words what `apply` would change; nothing is touched. Exit code 1 where there is something to do.

    Example: tierfeed tenants plan --file tenants.yaml
    """
    settings = reached(load_settings())
    tenants = _declared(settings, file)
    access, registry = _both(settings)
    found = _plan(settings, tenants, access, registry.newest())
    _tell(found, json)
    if not found.is_empty:
        raise typer.Exit(PROBLEM)


@app.command()
def apply(file: File = None, credentials: Credentials = None, json: Json = False) -> None:
    """Make the cluster and the registry as the files say: users, rights, quotas, versions. Run again, it does nothing.

    A file with a problem changes nothing. The passwords of new users are shown once: nobody keeps them. Nobody is
    removed, see `tierfeed tenants remove`. Run it daily, for contracts begin and end at midnight, UTC.

    Example: tierfeed tenants apply --credentials new-tenants.jsonl
    """
    settings = reached(load_settings())
    tenants = _declared(settings, file)
    at = datetime.now(UTC)
    access, registry = _both(settings)
    found = _plan(settings, tenants, access, registry.newest(), at.date())
    with handing_over(access.passwords, credentials, json) as given:
        access.carry_out(found)
        registry.record(found, at)
    _tell(found, json, given)


@app.command("list")
def list_tenants(json: Json = False) -> None:
    """List the tenants that the registry has.

    Example: tierfeed tenants list
    """
    settings = reached(load_settings())
    registered = Registry(settings.clickhouse).newest()
    rows = [_row(tenant) for tenant in registered.tenants.values()]
    if json:
        emit(rows)
    else:
        show(("tenant", "name", "tier", "symbols", "from", "to", "active"), [list(row.values()) for row in rows])


@app.command("show")
def show_tenant(name: Name, file: File = None, json: Json = False) -> None:
    """Show one tenant: what it has bought, what the cluster allows it, and whom to talk to.

    Example: tierfeed tenants show acme
    """
    settings = reached(load_settings())
    access, registry = _both(settings)
    tenant = registry.newest().tenant(name)
    tier = next((tier for tier in settings.tiers() if tier.name == tenant.tier), None)
    state = access.state([name])
    document: dict[str, Any] = {
        **_row(tenant),
        "symbols": sorted(tenant.symbols or (tier.symbols if tier and tier.symbols else ())) or "all",
        "features": [str(feature) for feature in tier.features] if tier else [],
        "depth_hours": tier.depth_hours if tier else None,
        "user": name in state.users,
        "may": [acl.what for acl in _rights(state.acls, name)],
        "consumer_byte_rate": state.quotas.get(name),
        "contacts": [f"{each.name} <{each.email}>" for each in _in_file(settings, file, name)],
    }
    if json:
        emit(document)
    else:
        show(("what", "value"), [[key, value] for key, value in document.items()])


@app.command()
def rotate(
    names: Annotated[list[str], typer.Argument(help="The tenants' ids.")],
    credentials: Credentials = None,
    json: Json = False,
) -> None:
    """Give tenants new passwords, shown once. The old ones stop to work; who is connected has to use the new one within
    five minutes.

    Example: tierfeed tenants rotate acme
    """
    settings = reached(load_settings())
    access, registry = _both(settings)
    registered, users = registry.newest(), access.state(names).users
    problems = [
        f"{name} is no tenant: `tierfeed tenants list` shows them" for name in names if name not in registered.tenants
    ]
    problems += [
        f"{name} has no user on the Kafka cluster: `tierfeed tenants apply` makes it"
        for name in names
        if name in registered.tenants and name not in users
    ]
    if problems:
        raise ConfigError(problems)
    with handing_over(access.passwords, credentials, json) as given:
        access.give_passwords(names)
    if json:
        emit({"credentials": given})
    else:
        show_credentials(given)


@app.command()
def remove(
    name: Name,
    file: File = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
    json: Json = False,
) -> None:
    """Take everything from a tenant: first its rights, so that a consumer that runs stops within a second, then its
    quota and its user. Its consumption stays on record.

    Example: tierfeed tenants remove acme --yes
    """
    settings = reached(load_settings())
    path = file or settings.tenants_file
    if path.is_file() and any(tenant.id == name for tenant in _declared(settings, path)):
        raise ConfigError(f"{name} is in {path}: take it out first, or the next `tenants apply` brings it back")
    access, registry = _both(settings)
    found = plan_removal(registry.newest().tenant(name), access.state([name]))
    if not yes:
        _tell(found, json=False)
        if typer.prompt("Type the tenant's id to remove it") != name:
            raise ConfigError(f"that was not {name}: nothing was removed")
    access.carry_out(found)
    registry.record(found, datetime.now(UTC))
    if yes or json:
        _tell(found, json)


@app.command()
def feed(
    name: Name,
    symbol: Annotated[list[str] | None, typer.Option(help="Only this one; may be given again.")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show how every broker stands, and why.")] = False,
    json: Json = False,
) -> None:
    """Show which broker serves a tenant's symbols best now, by the last hour's quality. Exit code 1 where none can.

    Example: tierfeed tenants feed globex --symbol EURUSD --explain
    """
    from analytics.broker_feed import NoBrokerError, TenantBrokerManager

    settings = reached(load_settings())
    registry = Registry(settings.clickhouse)
    registered = registry.newest()
    registry.close()
    tenant = registered.tenant(name)
    manager = TenantBrokerManager(settings.clickhouse, registered)
    asked = symbol or sorted(tenant.symbols or registered.tier_of(tenant).symbols or ())
    if not asked:
        raise ConfigError(f"{tenant.tier} carries every symbol: name some with --symbol")
    found, failed = [], []
    for each in asked:
        try:
            found.append(manager.get_optimal_broker_feed(name, each))
        except NoBrokerError as error:
            failed.append(error)
    if json:
        emit([asdict(each) for each in found])
    else:
        _show_feeds(found, explain)
    if failed:
        raise TierfeedError("\n".join(map(str, failed)))


def _show_feeds(feeds: list[Any], explain: bool) -> None:
    columns = ("symbol", "broker", "latency sla ms", "quality", "since")
    rows = [(each.symbol, each.broker, each.latency_sla_ms, each.quality_level, each.since) for each in feeds]
    show(columns, rows)
    if explain:
        parts = ("A", "C", "T", "V", "K")
        standing = [
            (feed.symbol, each.broker, _rounded(each.score, 2), *(each.parts[part] for part in parts),
             None if each.latency_us is None else each.latency_us / 1000, each.reason)
            for feed in feeds
            for each in feed.standings
        ]  # fmt: skip
        show(("symbol", "broker", "score", *parts, "latency ms", "cannot lead, for"), standing)
        err().print(
            "A: live seconds, C: seconds covered while others ticked, T: share within 250 ms, V: sound ticks, K: "
            "seconds in which the mid was near those of two others; all of the last minute, of 10,000. To take over, "
            "a broker has to be 20 % better for 30 s, three times an hour at most",
            markup=False,
        )
        told = [(feed.symbol, *asdict(lead).values()) for feed in feeds for lead in feed.told]
        if told:
            err().print("who led in the tier's records of the last hour:", markup=False)
            show(("symbol", "broker", "since", "was better", "records", "last told"), told)


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def _declared(settings: Settings, file: Path | None) -> tuple[Tenant, ...]:
    return parse_tenants(read_document(file or settings.tenants_file, "tenants_file"), settings.tiers())


def _both(settings: Settings) -> "tuple[Access, Registry]":
    from tenants.cluster import Access  # aiokafka

    return Access(settings.kafka, asking(settings.kafka), _progress), Registry(settings.clickhouse)


def _progress(done: int, of: int) -> None:
    if of >= MANY:
        err().print(f"{done:,} of {of:,} users have their passwords", markup=False)


def _plan(
    settings: Settings, tenants: tuple[Tenant, ...], access: "Access", registered: Registered, day: date | None = None
) -> TenantPlan:
    state = access.state({tenant.id for tenant in tenants} | registered.tenants.keys())
    return plan_tenants(tenants, settings.tiers(), state, registered, day or datetime.now(UTC).date())


def _in_file(settings: Settings, file: Path | None, name: str) -> tuple[Any, ...]:
    """The tenant's contacts, which only the file has."""
    path = file or settings.tenants_file
    declared = _declared(settings, path) if path.is_file() else ()
    return next((tenant.contacts for tenant in declared if tenant.id == name), ())


def _rights(acls: frozenset[Acl], name: str) -> list[Acl]:
    return sorted(acl for acl in acls if acl.user == name)


def _row(tenant: Tenant) -> dict[str, Any]:
    return {
        "tenant": tenant.id,
        "name": tenant.name,
        "tier": tenant.tier,
        "symbols": sorted(tenant.symbols) if tenant.symbols else None,
        "contract_from": tenant.contract_from,
        "contract_to": tenant.contract_to,
        "active": tenant.is_active(datetime.now(UTC).date()),
    }


def _tell(plan: TenantPlan, json: bool, given: list[dict[str, str]] | None = None) -> None:
    if json:
        emit(
            {
                "changes": [{"subject": change.subject, "words": change.words} for change in plan.changes],
                "notes": list(plan.notes),
                "credentials": given or [],
            }
        )
        return
    if plan.is_empty:
        out().print("tenants and tiers are as declared")
    else:
        show(("who", "what"), [(change.subject, change.words) for change in plan.changes])
    for note in plan.notes:
        err().print(f"note: {note}", markup=False)
    show_credentials(given or [])

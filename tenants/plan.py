"""What `tenants apply` would do: what is declared against what the cluster and the registry have. Touches nothing."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any

from infra.acls import Acl
from tenants.entitlement import Entitlement, entitlement
from tierfeed.domain.tenants import OWN_PRINCIPALS, Registered, Tenant
from tierfeed.domain.tiers import Tier


@dataclass(frozen=True, slots=True)
class ClusterState:
    """What the Kafka cluster has. `secured` is false where it has no authorizer.

    `doors`: its authorizer finds a user's right to a topic under a name of its own.
    """

    secured: bool
    doors: bool = False
    users: frozenset[str] = frozenset()
    acls: frozenset[Acl] = frozenset()
    quotas: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """What will be otherwise with one tenant or tier."""

    subject: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantPlan:
    """What is to be done, and in words: `changes` says what will be, `notes` what to know besides."""

    new_users: tuple[str, ...] = ()
    gone_users: tuple[str, ...] = ()
    add: tuple[Acl, ...] = ()
    remove: tuple[Acl, ...] = ()
    quotas: tuple[tuple[str, int | None], ...] = ()
    tenants: tuple[Tenant, ...] = ()
    """New versions for the registry."""
    gone_tenants: tuple[Tenant, ...] = ()
    tiers: tuple[Tier, ...] = ()
    gone_tiers: tuple[Tier, ...] = ()
    changes: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Nothing to do."""
        return not self.changes


def plan_tenants(
    declared: Iterable[Tenant], tiers: Iterable[Tier], cluster: ClusterState, registered: Registered, day: date
) -> TenantPlan:
    """Compare; touch nothing. A tenant that is in no file any more is left alone: removing it is a command."""
    wanted = {tenant.id: tenant for tenant in declared}
    known = {tier.name: tier for tier in tiers}
    rights = {
        name: entitlement(tenant, known[tenant.tier], day, doors=cluster.doors) for name, tenant in wanted.items()
    }
    new_tenants = tuple(
        tenant for name, tenant in wanted.items() if _sold(registered.tenants.get(name)) != _sold(tenant)
    )
    new_tiers = tuple(tier for name, tier in known.items() if registered.tiers.get(name) != tier)
    gone_tiers = tuple(tier for name, tier in registered.tiers.items() if name not in known)
    access = _access(rights, cluster) if cluster.secured else _Access()
    return TenantPlan(
        new_users=access.new_users,
        add=access.add,
        remove=access.remove,
        quotas=access.quotas,
        tenants=new_tenants,
        tiers=new_tiers,
        gone_tiers=gone_tiers,
        changes=tuple(
            Change(subject, "; ".join(words))
            for subject, words in _changes(new_tiers, gone_tiers, new_tenants, registered, access, cluster).items()
        ),
        notes=tuple(_notes(wanted, known, cluster, registered, day)),
    )


def plan_removal(tenant: Tenant, cluster: ClusterState) -> TenantPlan:
    """Take everything from a tenant. Its rows, and the offsets of its groups, stay: they are evidence."""
    acls = tuple(sorted(acl for acl in cluster.acls if acl.user == tenant.id))
    user = (tenant.id,) if tenant.id in cluster.users else ()
    quotas: tuple[tuple[str, int | None], ...] = ((tenant.id, None),) if tenant.id in cluster.quotas else ()
    words = _access_words(_Access(gone_users=user, remove=acls, quotas=quotas), cluster)
    return TenantPlan(
        gone_users=user,
        remove=acls,
        quotas=quotas,
        gone_tenants=(tenant,),
        changes=(Change(tenant.id, "; ".join((f"removed, was {tenant.tier}", *(told for _, told in words)))),),
    )


@dataclass(frozen=True, slots=True)
class _Access:
    new_users: tuple[str, ...] = ()
    gone_users: tuple[str, ...] = ()
    add: tuple[Acl, ...] = ()
    remove: tuple[Acl, ...] = ()
    quotas: tuple[tuple[str, int | None], ...] = ()


def _access(rights: Mapping[str, Entitlement], cluster: ClusterState) -> _Access:
    wanted = {acl for each in rights.values() for acl in each.acls}
    actual = {acl for acl in cluster.acls if acl.user in rights}
    quotas = {name: each.consumer_byte_rate for name, each in rights.items()}
    return _Access(
        new_users=tuple(name for name in rights if name not in cluster.users),
        add=tuple(sorted(wanted - actual)),
        remove=tuple(sorted(actual - wanted)),
        quotas=tuple((name, rate) for name, rate in quotas.items() if cluster.quotas.get(name) != rate),
    )


def _changes(
    new_tiers: Iterable[Tier],
    gone_tiers: Iterable[Tier],
    new_tenants: Iterable[Tenant],
    registered: Registered,
    access: _Access,
    cluster: ClusterState,
) -> Mapping[str, list[str]]:
    """What happens to each tier and tenant."""
    told: dict[str, list[str]] = {}
    for tier in new_tiers:
        told[f"tier {tier.name}"] = [*_tier_words(registered.tiers.get(tier.name), tier)]
    for tier in gone_tiers:
        told[f"tier {tier.name}"] = ["no longer sold"]
    for tenant in new_tenants:
        told[tenant.id] = [*_tenant_words(registered.tenants.get(tenant.id), tenant)]
    for name, words in _access_words(access, cluster):
        told.setdefault(name, []).append(words)
    return told


def _access_words(access: _Access, cluster: ClusterState) -> Iterator[tuple[str, str]]:
    for name in access.new_users:
        yield name, "gets a user of the Kafka cluster, and a password that is shown once"
    for acl in access.remove:
        yield acl.user, f"may no longer {acl.what}"
    for acl in access.add:
        yield acl.user, f"may {acl.what}"
    for name, rate in access.quotas:
        was = cluster.quotas.get(name)
        told = "its quota is taken away" if rate is None else f"may fetch {rate:,} bytes a second from each node"
        yield name, told + (f", was {was:,}" if was is not None else "")
    for name in access.gone_users:
        yield name, "its user is deleted"


def _sold(tenant: Tenant | None) -> tuple[Any, ...] | None:
    """What the registry keeps of a tenant: all but its contacts."""
    if tenant is None:
        return None
    return tenant.name, tenant.tier, tenant.symbols, tenant.contract_from, tenant.contract_to


def _tenant_words(was: Tenant | None, tenant: Tenant) -> Iterator[str]:
    if was is None:
        yield f"new, {tenant.tier}"
        return
    for name in ("name", "tier", "symbols", "contract_from", "contract_to"):
        before, after = getattr(was, name), getattr(tenant, name)
        if before != after:
            yield f"{name} {_told(before)} → {_told(after)}"


def _tier_words(was: Tier | None, tier: Tier) -> Iterator[str]:
    if was is None:
        yield "new"
        return
    for known in fields(tier):
        before, after = getattr(was, known.name), getattr(tier, known.name)
        if before != after:
            yield f"{known.name} {_told(before)} → {_told(after)}"


def _told(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, frozenset):
        return ", ".join(sorted(value))
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _notes(
    wanted: Mapping[str, Tenant],
    tiers: Mapping[str, Tier],
    cluster: ClusterState,
    registered: Registered,
    day: date,
) -> Iterator[str]:
    if not cluster.secured:
        yield "the Kafka cluster has no authorizer: everybody may read everything, and only the registry is kept"
    for tenant in wanted.values():
        if tenant.symbols is not None and tenant.symbols != tiers[tenant.tier].symbols:
            yield (
                f"{tenant.id}: {_told(tenant.symbols)} binds in the SDK, in history and in filter_data_for_tenant; "
                f"with a Kafka client of its own it can read all of tier {tenant.tier}"
            )
        if tenant.contract_from is not None and day < tenant.contract_from:
            yield f"{tenant.id}: may read from {tenant.contract_from} on; apply again on that day"
        elif not tenant.is_active(day):
            yield f"{tenant.id}: its contract ended on {tenant.contract_to}, it may read nothing"
    for name in registered.tenants.keys() - wanted.keys():
        yield f"{name}: is in no file any more, and left alone; `tierfeed tenants remove {name}` removes it"
    strangers = (cluster.users | {acl.user for acl in cluster.acls}) - wanted.keys() - registered.tenants.keys()
    for name in sorted(strangers - OWN_PRINCIPALS):
        yield f"{name}: is a user of the cluster that is no tenant, and left alone"

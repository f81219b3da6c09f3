"""Tenants: who they are, what they have bought, and which consumer groups are theirs."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from tierfeed.domain.tiers import Tier
from tierfeed.domain.yamls import Document
from tierfeed.errors import ConfigError

TENANT_ID: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
"""No dot: the first one in a group's name ends the tenant's id."""
GROUP_SEPARATOR: Final = "."
ADMIN: Final = "admin"
PARTS: Final = ("audit", "collectors", "history", "meter", "sinks", "sla", "streams")
"""The product's own users of the Kafka cluster beside the admin, as schemas/topics name them."""
OWN_PRINCIPALS: Final = frozenset({ADMIN, *PARTS})
RESERVED: Final = OWN_PRINCIPALS | {"anonymous", "controller"}
"""What no tenant may be called."""

_KEYS: Final = ("id", "name", "tier", "symbols", "contract", "contacts")
_CONTRACT_KEYS: Final = ("from", "to")
_CONTACT_KEYS: Final = ("name", "email", "role")
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Somebody to talk to. Stays in the file: neither Kafka nor ClickHouse learns of it."""

    name: str
    email: str
    role: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """One customer. `symbols` is None where it has all of its tier's."""

    id: str
    name: str
    tier: str
    symbols: frozenset[str] | None = None
    contract_from: date | None = None
    """First day, UTC."""
    contract_to: date | None = None
    """The day on which it has ended, UTC."""
    contacts: tuple[Contact, ...] = ()

    def is_active(self, day: date) -> bool:
        """Whether its contract covers the day."""
        begun = self.contract_from is None or self.contract_from <= day
        return begun and (self.contract_to is None or day < self.contract_to)

    def may_see(self, symbol: str, tier: Tier) -> bool:
        return tier.carries(symbol) and (self.symbols is None or symbol in self.symbols)


@dataclass(frozen=True, slots=True)
class Registered:
    """The newest versions of active tenants and tiers, by name."""

    tenants: Mapping[str, Tenant]
    tiers: Mapping[str, Tier]

    def tenant(self, name: str) -> Tenant:
        """Raises ConfigError where there is none of that name."""
        if name not in self.tenants:
            raise ConfigError(f"there is no tenant {name!r}: `tierfeed tenants list` shows them")
        return self.tenants[name]

    def tier_of(self, tenant: Tenant) -> Tier:
        """What the tenant has bought. Raises ConfigError where it is sold no more."""
        if tenant.tier not in self.tiers:
            raise ConfigError(
                f"tier {tenant.tier} of {tenant.id} is not registered: `tierfeed tenants plan` shows what differs"
            )
        return self.tiers[tenant.tier]


def group_prefix(tenant: str) -> str:
    """What the names of the tenant's consumer groups begin with; nobody else may use such a group."""
    return tenant + GROUP_SEPARATOR


def tenant_of_group(group: str) -> str | None:
    """Whose a consumer group is; None where it is no tenant's, such as the product's own."""
    tenant, separator, _ = group.partition(GROUP_SEPARATOR)
    return tenant if separator and TENANT_ID.fullmatch(tenant) else None


def parse_tenants(document: Document, tiers: Iterable[Tier]) -> tuple[Tenant, ...]:
    """Check a tenants document whole; every problem is told at once, with its line. Raises ConfigError.

    `tenants:` is a list of id, name, tier, and where there are any symbols (narrower than the tier's), contract (from,
    to) and contacts (name, email, role).
    """
    rows = document.value.get("tenants") if isinstance(document.value, dict) else None
    if not isinstance(rows, list):
        raise ConfigError(f"{document.where()}: must have `tenants:`, a list, was {document.value!r:.200}")
    problems = list(document.problems())
    problems += [f"{document.where(key)}: {key} is not known" for key in document.value if key != "tenants"]
    known = {tier.name: tier for tier in tiers}
    tenants: list[Tenant] = []
    seen: dict[str, str] = {}
    for at, row in enumerate(rows):
        called = row.get("id", f"tenant {at + 1}") if isinstance(row, dict) else f"tenant {at + 1}"
        found = [(path, told) for path, told in _problems(row, known)]
        if isinstance(called, str) and called in seen:
            found.append((("id",), f"is given twice, first at {seen[called]}"))
        seen.setdefault(str(called), document.where("tenants", at))
        problems += [
            f"{document.where('tenants', at, *path)}: {called}: {'.'.join(map(str, path))}{(path and ' ') or ''}{told}"
            for path, told in found
        ]
        if not found:
            tenants.append(_tenant(row))
    if problems:
        raise ConfigError(problems)
    return tuple(tenants)


def _tenant(row: Mapping[str, Any]) -> Tenant:
    contract = row.get("contract") or {}
    return Tenant(
        id=row["id"],
        name=row["name"],
        tier=row["tier"],
        symbols=frozenset(row["symbols"]) if row.get("symbols") else None,
        contract_from=contract.get("from"),
        contract_to=contract.get("to"),
        contacts=tuple(Contact(**contact) for contact in row.get("contacts") or ()),
    )


_Found = Iterator[tuple[tuple[str | int, ...], str]]


def _problems(row: Any, tiers: Mapping[str, Tier]) -> _Found:
    """(path below the tenant, what is wrong there)."""
    if not isinstance(row, dict):
        yield (), f"must map keys to values, was {row!r}"
        return
    yield from _unknown(row, _KEYS)
    tenant = row.get("id")
    if not (isinstance(tenant, str) and TENANT_ID.fullmatch(tenant)):
        yield ("id",), f"must be at most 40 of a-z, 0-9, '-' and '_', and begin with a letter or digit, was {tenant!r}"
    elif tenant in RESERVED:
        yield ("id",), f"must not be {tenant}: the product's own parts are called {', '.join(sorted(RESERVED))}"
    if not (isinstance(row.get("name"), str) and row["name"].strip()):
        yield ("name",), f"must be a text, was {row.get('name')!r}"
    if row.get("tier") not in tiers:
        yield ("tier",), f"must be one of {', '.join(tiers)}, was {row.get('tier')!r}"
    else:
        yield from _symbol_problems(row.get("symbols"), tiers[row["tier"]])
    yield from _contract_problems(row.get("contract"))
    yield from _contact_problems(row.get("contacts"))


def _symbol_problems(symbols: Any, tier: Tier) -> _Found:
    if symbols is None:
        return
    if not (isinstance(symbols, list) and symbols and all(isinstance(symbol, str) for symbol in symbols)):
        yield ("symbols",), f"must be a list of symbols, or left out for all of the tier's, was {symbols!r}"
        return
    for at, symbol in enumerate(symbols):
        if not tier.carries(symbol):
            carried = ", ".join(sorted(tier.symbols or ()))
            yield ("symbols", at), f"must be among those of {tier.name} ({carried}), was {symbol!r}"


def _contract_problems(contract: Any) -> _Found:
    if contract is None:
        return
    if not isinstance(contract, dict):
        yield ("contract",), f"must have from, to or both, was {contract!r}"
        return
    yield from ((("contract", *path), told) for path, told in _unknown(contract, _CONTRACT_KEYS))
    days = {key: contract[key] for key in _CONTRACT_KEYS if contract.get(key) is not None}
    for key, day in days.items():
        if type(day) is not date:  # a datetime is a date, too
            yield ("contract", key), f"must be a date such as 2026-12-31, was {day!r}"
    if len(days) == 2 and all(type(day) is date for day in days.values()) and not days["from"] < days["to"]:
        yield ("contract", "to"), f"must be after from ({days['from']}), was {days['to']}"


def _contact_problems(contacts: Any) -> _Found:
    if contacts is None:
        return
    if not isinstance(contacts, list):
        yield ("contacts",), f"must be a list of name and email, was {contacts!r}"
        return
    for at, contact in enumerate(contacts):
        if not isinstance(contact, dict):
            yield ("contacts", at), f"must have name and email, was {contact!r}"
            continue
        yield from ((("contacts", at, *path), told) for path, told in _unknown(contact, _CONTACT_KEYS))
        for key in ("name", "email"):
            value = contact.get(key)
            if not isinstance(value, str) or (key == "email" and not _EMAIL.fullmatch(value)):
                yield ("contacts", at, key), f"must be {'an address' if key == 'email' else 'a text'}, was {value!r}"


def _unknown(row: Mapping[str, Any], known: tuple[str, ...]) -> _Found:
    for key in row:
        if key not in known:
            yield (key,), f"is not known; there are {', '.join(known)}"

"""A tenants document, checked whole; and whose a consumer group is."""

from datetime import date
from pathlib import Path

import pytest

from tierfeed.domain import yamls
from tierfeed.domain.tenants import Contact, Registered, Tenant, group_prefix, parse_tenants, tenant_of_group
from tierfeed.errors import ConfigError
from tierfeed.settings import TIERS_FILE, Settings

TIERS = Settings.model_construct(tiers_file=TIERS_FILE).tiers()

GOOD = """
tenants:
  - id: acme
    name: Acme Trading
    tier: pro
    symbols: [EURUSD]
    contract: {from: 2026-01-01, to: 2027-01-01}
    contacts: [{name: Jo, email: jo@acme.example, role: desk}]
  - id: globex
    name: Globex
    tier: enterprise
"""

BAD = """
tenants:
  - id: Acme.Desk
    name: ""
    tier: gold
  - id: meter
    name: Meter
    tier: free
    symbols: [EURUSD, USDJPY]
  - id: globex
    name: Globex
    tier: pro
    color: red
    contract: {from: 2027-01-01, to: 2026-01-01, since: x}
    contacts: [{name: Jo, email: nowhere}]
  - id: globex
    name: Globex again
    tier: pro
    contract: {from: soon}
  - globex
"""


def tenants(text: str) -> tuple[Tenant, ...]:
    return parse_tenants(yamls.read(text, "tenants.yaml"), TIERS)


def test_a_good_file_is_read_whole() -> None:
    acme, globex = tenants(GOOD)
    assert acme == Tenant(
        id="acme",
        name="Acme Trading",
        tier="pro",
        symbols=frozenset({"EURUSD"}),
        contract_from=date(2026, 1, 1),
        contract_to=date(2027, 1, 1),
        contacts=(Contact(name="Jo", email="jo@acme.example", role="desk"),),
    )
    assert globex == Tenant(id="globex", name="Globex", tier="enterprise")


def test_every_problem_is_told_at_once_with_its_line_and_what_it_was() -> None:
    with pytest.raises(ConfigError) as caught:
        tenants(BAD)
    told = [problem.partition(": ") for problem in caught.value.problems]
    assert [(where, rest.partition(" must")[0].partition(" is ")[0]) for where, _, rest in told] == [
        ("tenants.yaml:3", "Acme.Desk: id"),
        ("tenants.yaml:4", "Acme.Desk: name"),
        ("tenants.yaml:5", "Acme.Desk: tier"),
        ("tenants.yaml:6", "meter: id"),
        ("tenants.yaml:9", "meter: symbols.1"),
        ("tenants.yaml:13", "globex: color"),
        ("tenants.yaml:14", "globex: contract.since"),
        ("tenants.yaml:14", "globex: contract.to"),
        ("tenants.yaml:15", "globex: contacts.0.email"),
        ("tenants.yaml:19", "globex: contract.from"),
        ("tenants.yaml:16", "globex: id"),
        ("tenants.yaml:20", "tenant 5:"),
    ]
    for value in ("'Acme.Desk'", "'gold'", "'USDJPY'", "'nowhere'", "2026-01-01", "'soon'", "first at tenants.yaml:10"):
        assert value in str(caught.value)


@pytest.mark.parametrize("text", ["", "tenants: acme", "- acme", "tenant: []"])
def test_what_is_no_tenants_file_says_so(text: str) -> None:
    with pytest.raises(ConfigError, match=r"tenants\.yaml:1: must have `tenants:`, a list"):
        tenants(text)


def test_a_contract_covers_its_first_day_and_not_its_last() -> None:
    acme, globex = tenants(GOOD)
    days = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 12, 31), date(2027, 1, 1)]
    assert [acme.is_active(day) for day in days] == [False, True, True, False]
    assert all(globex.is_active(day) for day in days)


def test_a_tenant_sees_what_its_tier_and_its_contract_carry() -> None:
    acme, globex = tenants(GOOD)
    _, pro, enterprise = TIERS
    assert [acme.may_see(symbol, pro) for symbol in ("EURUSD", "GBPUSD", "NZDUSD")] == [True, False, False]
    assert globex.may_see("NZDUSD", enterprise)


def test_a_group_belongs_to_whoever_its_name_begins_with() -> None:
    groups = ["acme.desk", "acme.desk.2", "acme", "tierfeed-sink", ".desk", "Acme.desk", group_prefix("acme")]
    assert [tenant_of_group(group) for group in groups] == ["acme", "acme", None, None, None, None, "acme"]


def test_the_example_in_the_documentation_is_sound() -> None:
    example = Path(__file__).parents[3] / "docs/examples/tenants.yaml"
    assert len(parse_tenants(yamls.read(example.read_text(), example.name), TIERS)) >= 3


def test_who_is_not_registered_is_told_with_what_to_do() -> None:
    acme, globex = tenants(GOOD)
    tiers = {tier.name: tier for tier in TIERS if tier.name != "enterprise"}
    registered = Registered({acme.id: acme, globex.id: globex}, tiers)
    assert registered.tier_of(registered.tenant("acme")).name == "pro"
    with pytest.raises(ConfigError, match=r"no tenant 'initech'.*tierfeed tenants list"):
        registered.tenant("initech")
    with pytest.raises(ConfigError, match="tier enterprise of globex is not registered"):
        registered.tier_of(globex)

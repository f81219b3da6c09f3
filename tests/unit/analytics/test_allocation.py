"""A small world, every row worked out by hand: three tenants, two brokers that they consumed of, one day."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from analytics.allocation.allocate import allocate
from analytics.allocation.charges import Charge
from analytics.allocation.check import balance
from analytics.allocation.rules import Dimension, Metric, Rules, parse_rules
from analytics.allocation.world import World, cells_of, names_of
from tierfeed.domain import yamls
from tierfeed.settings import ALLOCATION_FILE

FIRST, AFTER, MONDAY, TUESDAY = date(2026, 11, 1), date(2026, 12, 1), date(2026, 11, 2), date(2026, 11, 3)
BROKERS = ("fxcm", "ic_markets", "pepperstone")
USD = 1_000_000
# In halves, that is twice the ticks. acme: 8, globex: 4, initech: 4; of fxcm 6 : 2 : 4, of ic_markets 2 : 2.
CONSUMED = [
    (1, "acme", "pro", "fxcm", "EURUSD", 6),
    (1, "acme", "pro", "ic_markets", "EURUSD", 2),
    (1, "globex", "pro", "fxcm", "EURUSD", 2),
    (1, "globex", "pro", "ic_markets", "EURUSD", 2),
    (1, "initech", "free", "fxcm", "EURUSD", 4),
]
PUBLISHED = [(1, "", "pro", "", "EURUSD", 30), (1, "", "free", "", "EURUSD", 10)]
WORLD = {Metric.CONSUMED_TICKS: CONSUMED, Metric.PUBLISHED_ROWS: PUBLISHED, Metric.RETAINED_ROWS: PUBLISHED}
NAMES = ("acme", "globex", "initech"), ("pro", "free"), BROKERS, ("EURUSD",)
Row = tuple[str, str, str, str, str, int]
"""(charge, tenant, tier, broker, symbol, micro-dollars); of what is allocated to nobody, why, in the tenant's place."""


def charge(name: str, usd: float, **more: Any) -> Charge:
    return Charge(**{"charge": name, "start": MONDAY, "end": TUESDAY, "microusd": round(usd * USD), **more})


def card() -> list[Charge]:
    """The document's rate card as charges: four servers, three lines, one consolidation."""
    found = [
        charge("aggregator", 200, service_category="Compute", service_name="Servers"),
        charge("processing", 300, service_category="Compute", service_name="Processing"),
    ]
    for broker in BROKERS:
        tags = {"broker": broker}
        found.append(charge(f"collector {broker}", 200, service_category="Compute", service_name="Servers", tags=tags))
        found.append(charge(f"line {broker}", 500, service_category="Networking", service_name="Network", tags=tags))
    return found


def default_rules() -> Rules:
    return parse_rules(yamls.read(ALLOCATION_FILE.read_text(), ALLOCATION_FILE.name))


def rules(text: str) -> Rules:
    return parse_rules(yamls.read(text, "rules.yaml"))


def allocated(
    charges: list[Charge], by: Rules, cells: Mapping[Metric, list[tuple[int, str, str, str, str, int]]] = WORLD
) -> list[Row]:
    """By charge and day, for the tests here are of one day unless they say so."""
    names = names_of(dict(zip(Dimension, NAMES, strict=True)), charges, by)
    world = World(FIRST, AFTER, names, {metric: cells_of(rows, names) for metric, rows in cells.items()})
    found = []
    for part in balance(charges, world).watch(allocate(charges, by, world)):
        for at, money in enumerate(part.microusd.tolist()):
            tenant, *rest = (names.of[each][part.cells.whose[each][at]] for each in Dimension)
            found.append((part.charge.charge, tenant or f"{part.line}: {part.method}", *rest, money))
    return found  # type: ignore[return-value]


def test_the_rate_card_is_shared_by_the_default_rules() -> None:
    nobody = "unallocated: all weights are zero: consumed_ticks_of_broker"
    assert allocated(card(), default_rules()) == [
        # 200 by published rows, pro 30 : free 10, so 150 : 50; pro's by consumed ticks, 8 : 4. free comes before pro.
        ("aggregator", "initech", "free", "", "EURUSD", 50_000_000),
        ("aggregator", "acme", "pro", "", "EURUSD", 100_000_000),
        ("aggregator", "globex", "pro", "", "EURUSD", 50_000_000),
        # 200 by ticks of fxcm, 6 : 2 : 4 of 12. The odd millionth goes to initech: 66,666,666.67 against 33,333,333.33.
        ("collector fxcm", "acme", "pro", "fxcm", "EURUSD", 100_000_000),
        ("collector fxcm", "globex", "pro", "fxcm", "EURUSD", 33_333_333),
        ("collector fxcm", "initech", "free", "fxcm", "EURUSD", 66_666_667),
        ("collector ic_markets", "acme", "pro", "ic_markets", "EURUSD", 100_000_000),
        ("collector ic_markets", "globex", "pro", "ic_markets", "EURUSD", 100_000_000),
        # Nobody's prices came from it.
        ("collector pepperstone", nobody, "", "", "", 200_000_000),
        # 500, likewise.
        ("line fxcm", "acme", "pro", "fxcm", "EURUSD", 250_000_000),
        ("line fxcm", "globex", "pro", "fxcm", "EURUSD", 83_333_333),
        ("line fxcm", "initech", "free", "fxcm", "EURUSD", 166_666_667),
        ("line ic_markets", "acme", "pro", "ic_markets", "EURUSD", 250_000_000),
        ("line ic_markets", "globex", "pro", "ic_markets", "EURUSD", 250_000_000),
        ("line pepperstone", nobody, "", "", "", 500_000_000),
        # 300: pro 225, of which 150 : 75; free 75.
        ("processing", "initech", "free", "", "EURUSD", 75_000_000),
        ("processing", "acme", "pro", "", "EURUSD", 150_000_000),
        ("processing", "globex", "pro", "", "EURUSD", 75_000_000),
    ]


def test_overhead_follows_the_direct_cost_and_comes_last() -> None:
    # Direct: acme 100 + 100 + 250 + 250 = 700, globex 33.333333 + 100 + 83.333333 + 250 = 466.666666,
    # initech 66.666667 + 166.666667 = 233.333334; of 140: 70, 46,666,666.6 and 23,333,333.4.
    found = allocated([charge("a support", 140, service_name="Support"), *card()], default_rules())
    assert found[-3:] == [
        ("a support", "acme", "pro", "", "", 70_000_000),
        ("a support", "globex", "pro", "", "", 46_666_667),
        ("a support", "initech", "free", "", "", 23_333_333),
    ]


def test_what_was_provisioned_and_not_used_stands_on_its_own_line() -> None:
    # Of 100, 1 - 75 / 100 is idle; of the rest the brokers' own is by ic_markets' ticks, 2 : 2.
    one = charge("c", 100, tags={"broker": "ic_markets", "provisioned": "100", "used": "75"})
    assert allocated([one], default_rules()) == [
        ("c", "idle: idle: 75 of 100 used", "", "", "", 25_000_000),
        ("c", "acme", "pro", "ic_markets", "EURUSD", 37_500_000),
        ("c", "globex", "pro", "ic_markets", "EURUSD", 37_500_000),
    ]
    more = replace(one, tags={**one.tags, "used": "175"})
    assert [row[1] for row in allocated([more], default_rules())] == ["acme", "globex"]
    unknown = replace(one, tags={**one.tags, "used": "most"})
    told = "charge c: nothing of it is called idle, for its tags are provisioned '100' and used 'most'"
    assert unknown.problem() == told


def test_idle_is_shared_where_a_rule_says_so() -> None:
    by = rules('r: {version: "1", class: direct, method: even, idle: share}')
    one = charge("c", 3, tags={"provisioned": "3", "used": "1"})
    # 2 idle and 1 not, each a third to each tenant: 666,667 to the first two, for 2,000,000 = 3 x 666,666 + 2.
    assert [row[-1] for row in allocated([one], by)] == [666_667, 666_667, 666_666, 333_334, 333_333, 333_333]


def test_a_day_without_weights_is_shared_as_the_month_is() -> None:
    # Sunday 1 and Monday 2: half of it each. Nothing was consumed on Sunday.
    weekend = charge("c", 24, start=FIRST, end=TUESDAY)
    shared = 'r: {version: "1", class: direct, method: proportional, metric: consumed_ticks}'
    # 12 a day by 8 : 4 : 4.
    half = [6_000_000, 3_000_000, 3_000_000]
    assert [row[-1] for row in allocated([weekend], rules(shared))] == [*half, *half]
    sunday = charge("c", 12, start=FIRST, end=MONDAY)  # billed by the day: the same
    assert [row[-1] for row in allocated([sunday], rules(shared))] == half
    alone = rules(shared.replace("}", ", quiet_days: unallocated}"))
    assert [row[1:] for row in allocated([weekend], alone)] == [
        ("acme", "pro", "", "", 6_000_000),
        ("globex", "pro", "", "", 3_000_000),
        ("initech", "free", "", "", 3_000_000),
        ("unallocated: all weights are zero: proportional(consumed_ticks)", "", "", "", 12_000_000),
    ]


def test_a_tier_that_nobody_consumed_of_keeps_its_part_and_says_so() -> None:
    silent = {**WORLD, Metric.PUBLISHED_ROWS: [*PUBLISHED, (1, "", "enterprise", "", "EURUSD", 60)]}
    by = rules('r: {version: "1", class: shared, method: proportional, metric: published_rows, then: even}')
    world_names = [charge("c", 10, tags={})]
    with pytest.raises(KeyError):
        allocated(world_names, by, silent)  # a tier that no name was told of
    known = replace(by.rules[0], scope={Dimension.TIER: ("enterprise", "pro", "free")})
    # 60 : 10 : 30 of 100; pro's 3 evenly.
    why = "unallocated: all weights are zero: proportional(published_rows) then even"
    assert allocated(world_names, Rules((known,)), silent) == [
        ("c", "initech", "free", "", "", 1_000_000),
        ("c", "acme", "pro", "", "", 1_500_000),
        ("c", "globex", "pro", "", "", 1_500_000),
        ("c", why, "enterprise", "", "", 6_000_000),
    ]


def test_the_first_metric_with_a_source_counts_and_the_method_says_what_was_wanting() -> None:
    kafka = charge("c", 12, service_name="Amazon MSK Kafka", service_category="Streaming")
    sent = {Metric.NETWORK_BYTES: [(1, "acme", "pro", "", "", 1), (1, "initech", "", "", "", 2)]}
    assert allocated([kafka], default_rules(), {**WORLD, **sent}) == [
        ("c", "acme", "pro", "", "", 4_000_000),
        ("c", "initech", "", "", "", 8_000_000),
    ]
    assert [row[-1] for row in allocated([kafka], default_rules())] == [6_000_000, 3_000_000, 3_000_000]
    assert allocated([kafka], default_rules(), {}) == [
        ("c", "unallocated: no source: network_bytes; no source: consumed_ticks", "", "", "", 12_000_000)
    ]


def test_a_charge_with_a_tenants_name_is_that_tenants_though_he_consumed_nothing() -> None:
    own = [charge("c", 1, tags={"tenant": "hooli"}), charge("d", 1, tags={"tenant": "acme"})]
    assert allocated(own, default_rules()) == [("c", "hooli", "", "", "", USD), ("d", "acme", "pro", "", "", USD)]


def test_given_shares_are_of_tenants_or_of_tiers_whose_tenants_share_evenly() -> None:
    by = rules('r: {version: "1", class: shared, method: fixed, shares: {tenant: {hooli: 1, acme: 2}}}')
    assert [row[1:] for row in allocated([charge("c", 3)], by)] == [
        ("acme", "pro", "", "", 2_000_000),
        ("hooli", "", "", "", 1_000_000),
    ]
    by = rules('r: {version: "1", class: shared, method: fixed, shares: {tier: {free: 1, pro: 2}}}')
    assert [row[1:] for row in allocated([charge("c", 3)], by)] == [
        ("initech", "free", "", "", 1_000_000),
        ("acme", "pro", "", "", 1_000_000),
        ("globex", "pro", "", "", 1_000_000),
    ]


def test_a_scope_whose_tag_is_missing_leaves_the_charge_and_says_so() -> None:
    by = rules(
        'r: {version: "1", class: direct, method: proportional, metric: consumed_ticks_of_broker, scope: {broker: "tag:feed"}}'  # noqa: E501
    )
    ((_, why, *_),) = allocated([charge("c", 1)], by)
    assert why == "unallocated: no tag feed: the charge does not say whose broker it is"


def test_what_no_rule_is_for_is_unallocated_and_what_is_idle_as_such_is_idle() -> None:
    by = rules('r: {version: "1", class: idle, match: {resource_id: "vol-*"}}')
    found = allocated([charge("c", 1), charge("d", 2, resource_id="VOL-7"), charge("e", 0)], by)
    assert [row[:2] for row in found] == [("c", "unallocated: no rule matches"), ("d", "idle: idle")]

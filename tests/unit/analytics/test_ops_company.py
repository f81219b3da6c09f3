"""The company that is made up: the same for the same seed, sound by every rule, exact, and believable."""

from collections import Counter
from datetime import date

import pytest

from analytics.ops.check import check
from analytics.ops.company.dealings import earned
from analytics.ops.company.lives import Bought
from analytics.ops.company.make import Plot, company
from analytics.ops.company.months import Window
from analytics.ops.files import read_csv, write_csv
from analytics.ops.kinds import KINDS, KindName, Row
from analytics.ops.plan import plan_import
from tierfeed.domain.market import Calendar
from tierfeed.domain.tiers import Tier
from tierfeed.errors import ConfigError
from tierfeed.settings import Settings

BROKERS = ("fxcm", "ic_markets", "pepperstone")
PLOT = Plot(1000, 3, 7, "2026-10")
START, END = date(2026, 8, 1), date(2026, 11, 1)
Made = dict[KindName, list[Row]]


@pytest.fixture(scope="module")
def tiers() -> tuple[Tier, ...]:
    return Settings().tiers()


@pytest.fixture(scope="module")
def made(tiers: tuple[Tier, ...]) -> Made:
    return company(PLOT, tiers, BROKERS)


def test_the_same_seed_makes_the_same_files_and_another_seed_does_not(made: Made, tiers: tuple[Tier, ...]) -> None:
    again, other = company(PLOT, tiers, BROKERS), company(Plot(1000, 3, 8, "2026-10"), tiers, BROKERS)
    for name, kind in KINDS.items():
        assert write_csv(kind, again[name]) == write_csv(kind, made[name])
    assert other[KindName.SUBSCRIPTIONS] != made[KindName.SUBSCRIPTIONS]


def test_a_customer_is_the_same_among_few_as_among_many(made: Made, tiers: tuple[Tier, ...]) -> None:
    few = company(Plot(10, 3, 7, "2026-10"), tiers, BROKERS)
    for name in (KindName.SUBSCRIPTIONS, KindName.INVOICES, KindName.TICKETS, KindName.OPPORTUNITIES):
        assert few[name] == [row for row in made[name] if row["tenant"] <= "synthetic-00010"]


@pytest.mark.parametrize(("seed", "months"), [(7, 3), (1, 1), (2, 14)])
def test_every_file_is_one_that_is_imported_whole(seed: int, months: int, tiers: tuple[Tier, ...]) -> None:
    for name, rows in company(Plot(300, months, seed, "2026-02"), tiers, BROKERS).items():
        kind = KINDS[name]
        sound = check(kind, read_csv(kind, write_csv(kind, rows), name), [tier.name for tier in tiers])
        assert [each.row for each in sound] == rows
        assert plan_import(kind, sound, {}, Calendar()).new == tuple(rows)
        assert {row["source"] for row in rows} <= {"synthetic"}


def test_of_a_fee_each_day_earns_its_part_and_all_of_them_the_whole() -> None:
    """As revenue_days has it: 1.00 over the 30 days of November, whole micro-dollars."""
    november = date(2026, 11, 1)
    parts = [
        earned(Bought("pro", 1_000_000, date(2026, 11, day), date(2026, 11, day + 1)), november) for day in range(1, 30)
    ]
    last = earned(Bought("pro", 1_000_000, date(2026, 11, 30)), november)
    assert [part[2] for part in (*parts[:3], last) if part] == [33_333, 33_333, 33_334, 33_334]
    assert sum(part[2] for part in (*parts, last) if part) == 1_000_000
    assert earned(Bought("pro", 1_000_000, date(2026, 12, 1)), november) is None


def test_charges_are_the_documents_rate_card_and_grow_with_the_months(made: Made) -> None:
    by_month: dict[date, Counter[str]] = {}
    for row in made[KindName.COST_CHARGES]:
        by_month.setdefault(row["billing_period_start"], Counter())[row["service_name"]] += row["billed_cost_microusd"]
    subscribed = [
        {row["tenant"] for row in made[KindName.SUBSCRIPTIONS]
         if row["from_date"] < end and (row["to_date"] is None or row["to_date"] > start)}
        for start, end in ((date(2026, 8, 1), date(2026, 9, 1)), (date(2026, 10, 1), END))
    ]  # fmt: skip
    first, last = by_month[date(2026, 8, 1)], by_month[date(2026, 10, 1)]
    assert first.pop("Kafka network") == 2_500_000 * len(subscribed[0])
    assert first == {
        "Collectors": 600_000_000, "Stream workers": 200_000_000, "Broker feed": 1_500_000_000,
        "Kafka storage": 90_000_000, "ClickHouse": 150_000_000, "Monitoring": 60_000_000,
    }  # fmt: skip
    assert sum(first.values()) == 2_600_000_000
    assert last.pop("Kafka network") == 2_500_000 * len(subscribed[1]) * 104 // 100
    assert sum(last.values()) == 2_600_000_000 * 104 // 100
    tags = [row["tags"] for row in made[KindName.COST_CHARGES] if "provisioned" in row["tags"]]
    assert all(0 < int(each["used"]) < int(each["provisioned"]) for each in tags)
    assert {each["broker"] for each in tags if "broker" in each} == set(BROKERS)


def test_customers_come_rise_fall_and_leave_as_one_would_believe(made: Made) -> None:
    by_tenant: dict[str, list[Row]] = {}
    for row in made[KindName.SUBSCRIPTIONS]:
        by_tenant.setdefault(row["tenant"], []).append(row)
    assert len(by_tenant) == 1000
    paying = [at(by_tenant, month) for month in (START, END)]
    came = sum(rows[0]["from_date"] >= START for rows in by_tenant.values())
    assert 150 < came < 350
    assert len(paying[1]) > len(paying[0])  # growth
    left = {tenant for tenant in paying[0] if tenant not in paying[1]}
    assert 0.03 < len(left) / len(paying[0]) < 0.20  # over three months
    prices = {month: at(by_tenant, month) for month in (START, END)}
    moved = [prices[END][tenant] - prices[START][tenant] for tenant in prices[START] if tenant in prices[END]]
    assert any(each > 0 for each in moved)
    assert any(each < 0 for each in moved)
    # Who leaves has complained more.
    asked = Counter(row["tenant"] for row in made[KindName.TICKETS])
    rate = {
        who: sum(asked[tenant] for tenant in tenants) / len(tenants)
        for who, tenants in (("left", left), ("stayed", set(paying[1])))
    }
    assert rate["left"] > 1.5 * rate["stayed"]


def at(by_tenant: dict[str, list[Row]], day: date) -> dict[str, int]:
    """What each paying tenant pays a month on a day."""
    return {
        tenant: row["price_microusd"]
        for tenant, rows in by_tenant.items()
        for row in rows
        if row["from_date"] <= day and (row["to_date"] is None or day < row["to_date"]) and row["price_microusd"]
    }


def test_surveys_invoices_and_opportunities_are_of_every_sort(made: Made) -> None:
    scores = Counter((row["kind"], row["score"]) for row in made[KindName.SURVEYS])
    assert {kind for kind, _ in scores} == {"NPS", "CSAT"}
    assert len(scores) > 12
    invoices = made[KindName.INVOICES]
    late = sum(row["paid_on"] is not None and row["paid_on"] > row["due_on"] for row in invoices)
    unpaid = sum(row["paid_on"] is None for row in invoices)
    assert 0.05 < late / len(invoices) < 0.25
    assert 0.01 < unpaid / len(invoices) < 0.25
    deals = Counter((row["kind"], row["state"]) for row in made[KindName.OPPORTUNITIES])
    assert {("new", "won"), ("upgrade", "won"), ("upgrade", "lost"), ("renewal", "won"), ("renewal", "lost")} <= set(
        deals
    )
    assert any(state == "open" for _, state in deals)
    assert made[KindName.CREDITS]
    # Nothing is of a day that is yet to come.
    days = [row["answered_at"].date() for row in made[KindName.SURVEYS]] + [
        row["paid_on"] for row in invoices if row["paid_on"]
    ]
    assert max(days) < END


def test_months_are_counted_back_from_the_last() -> None:
    assert Window.of("2026-02", 3) == Window(date(2025, 12, 1), date(2026, 3, 1))
    with pytest.raises(ConfigError, match="must be a month such as"):
        Window.of("February", 3)


def test_where_nobody_would_pay_there_is_no_company() -> None:
    with pytest.raises(ConfigError, match="a tier with a price above 0"):
        company(PLOT, (), BROKERS)

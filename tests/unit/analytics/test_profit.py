"""The document's numbers, and what SEMANTICS 1 (r5) says of them."""

from dataclasses import asdict, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from analytics.business.profit import RevenueScaling
from analytics.business.profit_report import ProfitReport, Revenue, profit
from analytics.business.rates import rate_card
from analytics.figures import Status
from analytics.reports.page import Bars, NoChart, Waterfall
from analytics.reports.profit_page import profit_page
from tierfeed.errors import ConfigError

NOW = datetime(2026, 11, 4, 6, 30, tzinfo=UTC)
UNKNOWN = Revenue(None, "unknown", Status.NO_SOURCE, "revenue is unknown: nobody was asked")
USD = 1_000_000


def reckoned(users: int = 1000, revenue: Revenue = UNKNOWN, **changes: Any) -> ProfitReport:
    return profit(replace(rate_card(), **changes), revenue, users, NOW)


def test_the_documents_example_comes_out_with_its_own_formula() -> None:
    found = RevenueScaling(rate_card(), 180 * USD).calculate_profit_margin(1000)
    assert (found.users, found.total_revenue) == (1000, Decimal(180_000))
    assert (found.traditional_cost, found.ingestion_cost) == (Decimal(180_000), Decimal(5100))
    assert found.profit_improvement == Decimal(174_900)
    assert (found.margin_improvement_percent, found.savings_percent) == (Decimal("97.1667"), Decimal("97.1667"))
    assert found.reasons == {}


def test_the_documents_table_comes_out_line_by_line() -> None:
    rows = [
        (line.name, line.traditional, line.ingestion, line.saving, line.saving_percent) for line in reckoned().lines
    ]
    assert rows == [
        ("servers", 50_000, 800, 49_200, Decimal("98.4")),
        ("network", 100_000, 1500, 98_500, Decimal("98.5")),
        ("processing", 30_000, 300, 29_700, Decimal(99)),
        ("fixed", 180_000, 2600, 177_400, Decimal("98.5556")),
        ("users", 0, 2500, -2500, None),
        ("total", 180_000, 5100, 174_900, Decimal("97.1667")),
    ]


@pytest.mark.parametrize(
    ("users", "saving", "percent"),
    [(1, "-2422.5", "-1345.8333"), (14, "-115", "-4.5635"), (15, "62.5", "2.3148"), (10_000, "1772400", "98.4667")],
)
def test_the_saving_is_negative_below_15_users_and_nears_its_limit(users: int, saving: str, percent: str) -> None:
    found = RevenueScaling(rate_card(), None).calculate_profit_margin(users)
    assert (found.profit_improvement, found.savings_percent) == (Decimal(saving), Decimal(percent))
    assert reckoned().break_even_users == 15
    assert reckoned().limit_percent == Decimal("98.6111")


def test_what_has_no_value_says_why() -> None:
    nobody = RevenueScaling(rate_card(), 180 * USD).calculate_profit_margin(0)
    assert (nobody.total_revenue, nobody.profit_improvement) == (0, Decimal(-2600))
    assert (nobody.margin_improvement_percent, nobody.savings_percent) == (None, None)
    assert nobody.reasons == dict.fromkeys(("margin_improvement_percent", "savings_percent"), "there are no users")
    unpaid = RevenueScaling(rate_card(), 0).calculate_profit_margin(10)
    assert (unpaid.total_revenue, unpaid.reasons) == (0, {"margin_improvement_percent": "there is no revenue"})
    unknown = RevenueScaling(rate_card(), None).calculate_profit_margin(10)
    assert (unknown.total_revenue, unknown.margin_improvement_percent) == (None, None)
    told = "the revenue per user is unknown"
    assert unknown.reasons == {"total_revenue": told, "margin_improvement_percent": told}
    with pytest.raises(ConfigError, match="users must be 0 or more, was -1"):
        RevenueScaling(rate_card(), None).calculate_profit_margin(-1)


def test_the_assumption_that_moves_the_saving_most_stands_first() -> None:
    found = reckoned(revenue=Revenue(150 * USD, "named")).sensitivity
    assert [(row.assumption, row.improvement_low, row.improvement_high, row.swing) for row in found] == [
        ("traditional network, per user", 154_900, 194_900, 40_000),
        ("traditional servers, per user", 164_900, 184_900, 20_000),
        ("traditional processing, per user", 168_900, 180_900, 12_000),
        ("what each user adds", 175_400, 174_400, 1000),
        ("network, each", 175_200, 174_600, 600),
        ("servers, each", 175_060, 174_740, 320),
        ("processing, each", 174_960, 174_840, 120),
        ("revenue per user", 174_900, 174_900, 0),
    ]
    # 174,900 of 150,000 is 116.6; of a fifth less, 120,000, and of a fifth more, 180,000:
    assert (found[-1].margin_low_percent, found[-1].margin_high_percent) == (Decimal("145.75"), Decimal("97.1667"))


def test_revenue_that_is_known_leaves_a_profit_and_has_a_break_even_of_its_own() -> None:
    found = reckoned(revenue=Revenue(29_000_000, "mean of 3 tenants", tenants=3, synthetic=True))
    assert (found.revenue_per_user_usd, found.profit, found.synthetic) == (Decimal(29), Decimal(23_900), True)
    assert found.revenue_covers_cost_from_users == 99  # 2,600 / 26.5 = 98.1
    page = profit_page(found)
    assert page.banners == ("Some of these figures rest on synthetic rows: subscriptions",)
    assert page.summary[2] == (
        "At $29.00 a user (mean of 3 tenants) a month earns $29,000.00, of which $23,900.00 is left after the cost of"
        " ingestion."
    )
    (waterfall,) = page.sections[0].charts
    assert isinstance(waterfall, Waterfall)
    assert sum(value for _, value in waterfall.steps) == found.profit


def test_revenue_that_is_unknown_is_said_to_be_and_nothing_of_it_is_0() -> None:
    page = profit_page(reckoned())
    missing = {figure.metric: (figure.value, figure.status, figure.reason) for figure in page.figures if figure.reason}
    told = (None, Status.NO_SOURCE, UNKNOWN.reason)
    assert missing == dict.fromkeys(("margin_improvement_percent", "revenue_per_user", "profit"), told)
    assert page.summary[2] == "Revenue is unknown: nobody was asked."
    assert page.sections[0].charts == (NoChart("margin", "From revenue to what is left", str(UNKNOWN.reason)),)
    assert all(row[1] is None for row in page.sections[1].tables[0].rows)
    assert isinstance(page.sections[2].charts[0], Bars)


def test_what_never_saves_says_so() -> None:
    found = reckoned(user_microusd=180 * USD)
    assert (found.break_even_users, found.limit_percent) == (None, 0)
    by = {figure.metric: figure for figure in found.figures}
    assert by["break_even_users"].status == Status.NOT_APPLICABLE
    page = profit_page(found)
    assert page.summary[0].startswith(
        "Serving 1,000 users from one consolidated ingestion costs more: $2,600.00 a month"
    )
    assert page.summary[1].startswith("It saves at no count of users")


def test_a_service_that_costs_nothing_saves_from_the_start() -> None:
    free = tuple(replace(line, each_microusd=0) for line in rate_card().lines)
    assert reckoned(lines=free).break_even_users == 0
    assert profit_page(reckoned(0, lines=free)).figures[1].reason == "there are no users"


def test_the_shipped_card_is_the_documents_and_says_what_it_assumes() -> None:
    card = rate_card()
    assert (card.base_microusd, card.traditional_microusd, card.user_microusd) == (2600 * USD, 180 * USD, 2_500_000)
    assert card.traditional_basis == "an assumption, measured nowhere"
    assert asdict(card)["lines"][0]["count"] == 4


def test_every_problem_of_a_card_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "card.yaml"
    file.write_text(
        "version: 2\nlines:\n"
        "  servers: {what: x, count: -1, each_usd: 200, traditional_usd: '0.0000001', when: now}\nuser_usd: '2.50'\n"
    )
    with pytest.raises(ConfigError) as raised:
        rate_card(file)
    money = 'must be dollars in quotes, such as "2.50", with six decimals at most, was'
    assert sorted(raised.value.problems) == sorted(
        [
            f"{file}:1: version must be text, was 2",
            f"{file}:1: traditional_basis must be text, was None",
            f"{file}:3: lines.servers.when is not known; there are what, count, each_usd, traditional_usd",
            f"{file}:3: lines.servers.count must be a whole number of at least 0, was -1",
            f"{file}:3: lines.servers.each_usd {money} 200",
            f"{file}:3: lines.servers.traditional_usd {money} '0.0000001'",
        ]
    )

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from analytics.figures import Figure
from analytics.reports.page import Cell, slug
from analytics.reports.text import basis, value_of, why, worded, written
from tests.page_builders import figures


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (None, "usd", "no data"),
        (float("nan"), "number", "no data"),
        (Decimal("174900"), "usd", "$174,900.00"),
        (Decimal("-0.5"), "usd", "−$0.50"),
        (Decimal("0.000025"), "usd", "$0.000025"),
        (Decimal("0.000123456"), "usd", "$0.00012"),
        (Decimal("-0.0"), "usd", "$0.00"),
        (0, "usd", "$0.00"),
        (Decimal("97.1667"), "percent", "97.17\N{NO-BREAK SPACE}%"),
        (99.99, "%", "99.99\N{NO-BREAK SPACE}%"),
        (0.8342, "ms", "0.83\N{NO-BREAK SPACE}ms"),
        (1234.0, "ms", "1,234\N{NO-BREAK SPACE}ms"),
        (15, "users", "15\N{NO-BREAK SPACE}users"),
        (12345, "number", "12,345"),
        (0.1 + 0.2, "number", "0.3"),
        (1e21, "number", "1,000,000,000,000,000,000,000"),
        (True, "text", "yes"),
        ("<b>", "text", "<b>"),
        (date(2026, 10, 1), "date", "2026-10-01"),
        (datetime(2026, 10, 1, 6, 30, tzinfo=UTC), "text", "2026-10-01 06:30 UTC"),
    ],
)
def test_values_are_written_as_people_read_them(value: Cell, unit: str, shown: str) -> None:
    assert written(value, unit) == shown


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("sla_compliance_percent", "SLA compliance"),
        ("total_revenue_usd", "Total revenue"),
        ("roi_score", "ROI score"),
        ("", ""),
    ],
)
def test_names_are_worded_without_their_unit(name: str, shown: str) -> None:
    assert worded(name) == shown


def test_a_figure_says_what_it_rests_on_and_why_it_is_missing() -> None:
    by: dict[str, Figure] = {figure.metric: figure for figure in figures()}
    assert value_of(by["avg_data_latency_ms"]) == "0.83\N{NO-BREAK SPACE}ms"
    assert basis(by["avg_data_latency_ms"]) == "2026-10-01 to 2026-11-01; P50: 0.61; P99: no data"
    assert basis(by["total_revenue_usd"]) == "n = 1,042; 2026-10-01 to 2026-11-01"
    assert (value_of(by["churn_rate_percent"]), why(by["total_revenue_usd"])) == ("no data", "")
    assert why(by["net_promoter_score"]) == "not enough data: only 3 answers, 5 are needed"


@pytest.mark.parametrize(("name", "safe"), [("../Etc/Pass wd", "etc-pass-wd"), ("curve", "curve"), ("<>", "unnamed")])
def test_a_name_leads_nowhere_else(name: str, safe: str) -> None:
    assert slug(name) == safe

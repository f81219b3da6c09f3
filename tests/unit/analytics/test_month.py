"""Months without a database: names, verdicts, what is frozen and read back, and what words make of figures."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.business.closing import differences
from analytics.business.frozen import figure_of, row_of, rows_sum
from analytics.business.month import month_number
from analytics.business.month_facts import Span, earlier
from analytics.business.month_kept import failed
from analytics.business.month_words import executive_summary, recommendations
from analytics.figures import Figure, Status, Value, usd
from analytics.sla.customers import Bought
from analytics.sla.incidents import Subject
from tierfeed.errors import ConfigError

START, END = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
SINCE = int(START.timestamp())
ALLOCATIONS = {"rows": 0, "microusd": 0, "digest": "00"}


def figure(metric: str = "net_promoter_score", value: Value | None = 1, unit: str = "points", **more: object) -> Figure:
    made = Figure(
        metric=metric, subject="all", start=START, end=END, value=value, unit=unit, formula="f",
        formula_version="month/1", computed_at=END,
    )  # fmt: skip
    return replace(made, **more)  # type: ignore[arg-type]


def bought(latency_us: int | None = 5000, uptime_ppm: int | None = 990_000) -> Bought:
    return Bought(Subject("acme", "pro"), START, ("fxcm",), 1, latency_us, None, uptime_ppm)


@pytest.mark.parametrize(("given", "number"), [(10, 10), ("10", 10), ("October", 10), ("oct", 10), (" 01 ", 1)])
def test_a_month_has_a_number_or_a_name(given: int | str, number: int) -> None:
    assert month_number(given) == number


@pytest.mark.parametrize("given", [0, 13, "-1", "Oktober", ""])
def test_what_is_no_month_is_refused(given: int | str) -> None:
    with pytest.raises(ConfigError, match="month must be 1 to 12 or a name such as October"):
        month_number(given)


def test_days_count_up_to_today_while_a_month_runs() -> None:
    def until(now: str) -> str:
        return str(Span.of("2026-10", datetime.fromisoformat(now).replace(tzinfo=UTC)).until)

    assert until("2026-10-01T00:00") == "2026-10-02"
    assert until("2026-10-31T23:59") == "2026-11-01"
    assert until("2026-12-05T00:00") == "2026-11-01"
    assert [str(earlier(START.date(), months)) for months in (1, 9, 11)] == ["2026-09-01", "2026-01-01", "2025-11-01"]


@pytest.mark.parametrize(
    ("counts", "missed"),
    [
        ({"latency": (99, 100), "uptime": (99, 100), "redundancy": (99, 100)}, ()),
        ({"latency": (98, 100), "uptime": (99, 100), "redundancy": (98, 100)}, ("latency", "redundancy")),
        ({"latency": (98, 99), "uptime": (99, 100), "redundancy": (99, 100)}, None),  # too few records to tell
        ({"latency": (98, 99), "uptime": (98, 100), "redundancy": (99, 100)}, ("uptime",)),  # one is enough to fail
        ({"latency": (100, 100), "uptime": (1, 1)}, None),  # of redundancy there is nothing
        ({}, None),
    ],
)
def test_a_tenant_month_is_kept_failed_or_unknown(
    counts: dict[str, tuple[int, int]], missed: tuple[str, ...] | None
) -> None:
    assert failed(bought(), {(SINCE, name): pair for name, pair in counts.items()}) == missed


def test_who_was_promised_nothing_is_not_measured() -> None:
    assert failed(bought(latency_us=None, uptime_ppm=None), {(SINCE, "latency"): (1, 100)}) is None


money = st.integers(-(10**15), 10**15).map(usd)
plain = st.one_of(
    st.none(), st.integers(-(10**12), 10**12), st.floats(-1e9, 1e9, allow_nan=False).map(lambda x: x + 0.0)
)
parts = st.dictionaries(st.sampled_from(["gone", "came"]), plain) | st.dictionaries(st.just("lost_usd"), money)


@given(st.one_of(money.map(lambda value: (value, "usd")), plain.map(lambda value: (value, "percent"))), parts)
def test_what_is_frozen_is_read_back_as_it_was(valued: tuple[Value | None, str], of: dict[str, Value | None]) -> None:
    made = figure(value=valued[0], unit=valued[1], parts=of, n=3, status=Status.OK, reason="r")
    back = figure_of(row_of(made), START, END)
    assert back == made
    assert type(back.value) is type(made.value)
    assert differences({"m": made}, {"m": back}) == ()


def test_the_sum_is_of_all_figures_in_any_order_and_of_the_allocations() -> None:
    one, other = row_of(figure()), row_of(figure("churn_rate_percent", 2.5, "percent"))
    first = rows_sum([one, other], ALLOCATIONS)
    assert rows_sum([other, one], ALLOCATIONS) == first
    later = row_of(replace(figure(), computed_at=START))
    assert rows_sum([later, other], ALLOCATIONS) == first  # when it was computed is nothing that was closed
    changed = [one | {"value": "2"}, one | {"n": 4}, one | {"status": "no_source"}, one | {"parts": {"a": "1"}}]
    sums = {rows_sum([each, other], ALLOCATIONS) for each in changed}
    sums |= {rows_sum([one], ALLOCATIONS), rows_sum([one, other], ALLOCATIONS | {"digest": "01"})}
    assert len(sums | {first}) == 7


def test_a_figure_differs_by_its_value_what_it_rests_on_and_its_parts() -> None:
    old = {"a": figure("a", 1), "b": figure("b", 1), "c": figure("c", 1), "same": figure("same", 1), "left": figure()}
    new = {
        "a": figure("a", 2), "b": figure("b", 1, n=9), "c": figure("c", 1, parts={"x": 1}),
        "same": replace(figure("same", 1), computed_at=START), "left": figure(value=7), "new": figure("new", 3),
    }  # fmt: skip
    found = differences(old, new, but=("left",))
    assert [(each.metric, each.old, each.new) for each in found] == [
        ("a", 1, 2),
        ("b", 1, 1),
        ("c", 1, 1),
        ("new", None, 3),
    ]


def test_a_month_without_anything_amiss_has_nothing_to_do() -> None:
    fine = {
        "churn_rate_percent": figure("churn_rate_percent", 5.0, "percent"),
        "customer_satisfaction_score": figure("customer_satisfaction_score", 4.0, "score"),
        "sla_compliance_percent": figure("sla_compliance_percent", 100.0, "percent"),
    }
    assert recommendations(fine, ()) == ("Nothing stands out: every figure is within its limits.",)


def test_a_month_that_loses_money_says_so() -> None:
    amounts = {"total_revenue_usd": 10, "infrastructure_cost_usd": 12, "gross_profit_usd": -2}
    found = {name: figure(name, Decimal(amount), "usd") for name, amount in amounts.items()}
    assert executive_summary(found, Decimal(8)) == (
        "Revenue was $10.00 (25.00\N{NO-BREAK SPACE}% more than the month before); serving it cost $12.00, "
        "which leaves −$2.00.",
    )
    assert recommendations(found, ())[0].startswith("Serving cost $12.00, and revenue was $10.00: cut cost")


def test_a_source_that_is_missing_is_asked_for_once() -> None:
    reason = "there are no charges at all: `tierfeed ops import cost_charges`"
    reasons = {"infrastructure_cost_usd": reason, "cost_per_user_usd": f"infrastructure_cost_usd is missing: {reason}"}
    missing = {name: figure(name, None, "usd", status=Status.NO_SOURCE, reason=told) for name, told in reasons.items()}
    assert recommendations(missing, ()) == (f"Infrastructure cost cannot be told: {reason}.",)
    assert executive_summary(missing, None)[-1] == "Without data: Infrastructure cost, Cost per user."

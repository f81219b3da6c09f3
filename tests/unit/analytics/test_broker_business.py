"""Revenue split by brokers, and what is advised of figures that are known or not."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from analytics.business.broker_figures import Answers, report
from analytics.business.broker_report import FORMULA, BrokerCostReport
from analytics.business.broker_revenue import attribute, split
from analytics.figures import Measured, Status

MEASURED = Measured(
    subject="brokers",
    start=datetime(2026, 10, 1, tzinfo=UTC),
    end=datetime(2026, 11, 1, tzinfo=UTC),
    formula_version=FORMULA,
    computed_at=datetime(2026, 11, 1, tzinfo=UTC),
)


def row(tenant: str, broker: str, halves: int, microusd: int | None) -> dict[str, Any]:
    return {
        "tenant": tenant, "broker": broker, "halves": halves, "earns": microusd is not None,
        "microusd": microusd or 0, "synthetic": False,
    }  # fmt: skip


def test_what_remains_goes_to_the_largest_remainder_and_of_equal_ones_to_the_first_name() -> None:
    assert split(1_900_001, {"": 20, "fxcm": 100, "ic": 180}) == {"": 126_667, "fxcm": 633_334, "ic": 1_140_000}
    assert split(10, {"a": 1, "b": 2}) == {"a": 3, "b": 7}
    assert split(2, {"c": 1, "b": 1, "a": 1}) == {"a": 1, "b": 1, "c": 0}
    assert split(-2, {"c": 1, "b": 1, "a": 1}) == {"a": -1, "b": -1, "c": 0}
    assert split(0, {"a": 0}) == {"a": 0}
    with pytest.raises(ValueError, match="5 cannot be split"):
        split(5, {"a": 0})


def quality(broker: str, score: float | None = 80.0, **parts: float | None) -> dict[str, Any]:
    known = {"a": 100.0, "c": 100.0, "t": 100.0, "v": 100.0, "k": 100.0} | parts
    return {
        "broker": broker, "days": 1, "symbols": 1, "ticks": 10, "timed": 10, "expected_s": 10, "crossed_percent": 0.0,
        "avg_latency_ms": 1.0, "weight": 1.0, "quality": score, **known,
    }  # fmt: skip


def reported(
    charges: dict[str, int], earned: dict[str, int], scores: dict[str, float | None], **parts: float
) -> BrokerCostReport:
    """A report of brokers that were charged for and earned so many dollars, with such scores."""
    return report(
        Answers(
            quality={name: quality(name, score, **parts) for name, score in scores.items()},
            charges={name: {"charges": 1, "microusd": n * 1_000_000, "synthetic": 0} for name, n in charges.items()},
            contracts={},
            satisfaction={},
            at_risk={},
            revenue=attribute([row(f"of_{name}", name, 2, n * 1_000_000) for name, n in earned.items()]),
        ),
        MEASURED,
        31,
    )


def test_the_highest_return_leads_where_quality_is_good_enough() -> None:
    found = reported(
        {"best": 10, "poor": 1, "next": 10}, {"best": 30, "poor": 900, "next": 20},
        {"best": 60.0, "poor": 59.9999, "next": 99.0},
    )  # fmt: skip
    assert found.recommendations.primary_broker == "best"
    assert found.recommendations.primary_reason == (
        "best earns 3.00 for each dollar it costs ($30.00 attributed, $10.00 charged), the most of 2 brokers with a "
        "known return and a quality of at least 60; its own is 60.00. Not poor: its quality of 60.00 is below 60."
    )


def test_nobody_leads_where_nothing_can_be_compared() -> None:
    found = reported({"free": 0}, {"free": 5, "unbilled": 5}, {"free": 80.0, "unbilled": 80.0, "new": None})
    assert found.recommendations.primary_broker is None
    assert found.recommendations.primary_reason == (
        "No broker can be named. Not free: its return is not known (it cost 0 in the span: nothing to divide by). "
        "Not new: its quality is not known (none of the parts of the score is known: no market time, no ticks, nobody "
        "to compare with). Not unbilled: its return is not known (its cost is not known: no charge of the span is "
        "tagged with broker unbilled)."
    )
    free = found.broker_analysis["free"]
    assert free.cost_per_quality_point.value == 0
    assert [(each.value, each.status) for each in (free.roi_score, free.roi_percent)] == [
        (None, Status.NOT_APPLICABLE)
    ] * 2


def test_a_loss_is_a_return_below_one() -> None:
    loss = reported({"dear": 10}, {"dear": 4}, {"dear": 80.0}).broker_analysis["dear"]
    assert (loss.roi_score.value, loss.roi_percent.value) == (0.4, -60.0)


def test_what_costs_more_than_a_quarter_above_the_median_is_costly() -> None:
    scores: dict[str, float | None] = {"a": 80.0, "b": 80.0, "c": 80.0}
    at_limit = reported({"a": 80, "b": 80, "c": 100}, {}, scores).recommendations
    assert at_limit.cost_optimization == ()
    (advice,) = reported({"a": 80, "b": 80, "c": 104}, {}, scores).recommendations.cost_optimization
    assert (advice.broker, advice.cites["saving_usd"]) == ("c", Decimal(24))
    assert advice.reason == (
        "c costs $1.3000 for each point of quality ($104.00 for 80.00), the median of 3 brokers is $1.0000: at that it "
        "would cost $24.00 less."
    )
    alone = reported({"c": 500}, {}, {"c": 80.0}).recommendations
    assert alone.cost_optimization == ()


@pytest.mark.parametrize(
    ("letter", "says"),
    [("a", "market time"), ("c", "another broker ticked"), ("t", "250 ms"), ("v", "quarantined"), ("k", "mid")],
)
def test_the_lowest_part_is_what_would_help(letter: str, says: str) -> None:
    (advice,) = reported({}, {}, {"x": 80.0}, **{letter: 41.0}).recommendations.quality_improvements
    assert letter.upper() in advice.cites
    assert says in advice.reason
    assert "41.00 %" in advice.reason


def test_a_perfect_score_needs_no_advice() -> None:
    assert reported({}, {}, {"x": 100.0}).recommendations.quality_improvements == ()

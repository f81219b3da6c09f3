"""What to do about brokers, in sentences that cite their figures. Pure."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from statistics import median
from types import MappingProxyType
from typing import Final

from analytics.business.broker_report import Advice, BrokerCost, BrokerRecommendations
from analytics.figures import Figure

GOOD_ENOUGH: Final = 60
"""The quality that a primary broker has to have (SEMANTICS 7)."""
COSTLY: Final = Decimal("1.25")
"""So many times the median cost of a quality point is costly: half of all brokers are above the median itself."""
WEIGHTS: Final[Mapping[str, float]] = MappingProxyType({"A": 0.25, "C": 0.25, "T": 0.20, "V": 0.15, "K": 0.15})
_FLOOR: Final = 1.0
_LOW: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "A": ("it gave a sign of life in {:.2f} % of market time", "A second line would carry on where one drops"),
        "C": (
            "it was there in {:.2f} % of the seconds in which another broker ticked",
            "Ask it for what it leaves out, and run a second line",
        ),
        "T": (
            "{:.2f} % of its ticks arrived within 250 ms",
            "A collector nearer to its servers, or another of its gateways, would shorten the way",
        ),
        "V": (
            "{:.2f} % of its ticks were neither rejected nor quarantined",
            "Show it the rejected ones, and check how its messages are read",
        ),
        "K": (
            "its mid was near those of the others in {:.2f} % of the seconds compared",
            "Check what its symbols stand for, and whether its prices are tradable ones",
        ),
    }
)


def recommend(brokers: Mapping[str, BrokerCost]) -> BrokerRecommendations:
    """All three, of the figures as they are; what is not known is no ground for advice."""
    primary, reason = _primary(brokers)
    return BrokerRecommendations(
        primary_broker=primary,
        primary_reason=reason,
        cost_optimization=(*_costly(brokers), *_charged_otherwise(brokers)),
        quality_improvements=tuple(_improvements(brokers)),
    )


def _primary(brokers: Mapping[str, BrokerCost]) -> tuple[str | None, str]:
    if not brokers:
        return None, "No broker has anything in the span."
    against = {name: told for name, each in brokers.items() if (told := _against(each)) is not None}
    fit = sorted(
        (name for name in brokers if name not in against),
        key=lambda name: (-_number(brokers[name].roi_score), -_number(brokers[name].quality_score), name),
    )
    others = "".join(f" Not {name}: {told}." for name, told in sorted(against.items()))
    if not fit:
        return None, f"No broker can be named.{others}"
    best = brokers[fit[0]]
    earned, cost = _money(best.revenue_impact_usd), _money(best.connection_cost_usd)
    compared = f"the most of {len(fit)} brokers" if len(fit) > 1 else "and is the only one"
    return fit[0], (
        f"{fit[0]} earns {_number(best.roi_score):.2f} for each dollar it costs ({earned} attributed, {cost} charged), "
        f"{compared} with a known return and a quality of at least {GOOD_ENOUGH}; "
        f"its own is {_number(best.quality_score):.2f}.{others}"
    )


def _against(each: BrokerCost) -> str | None:
    if each.quality_score.value is None:
        return f"its quality is not known ({each.quality_score.reason})"
    if (quality := _number(each.quality_score)) < GOOD_ENOUGH:
        return f"its quality of {quality:.2f} is below {GOOD_ENOUGH}"
    if each.roi_score.value is None:
        return f"its return is not known ({each.roi_score.reason})"
    return None


def _costly(brokers: Mapping[str, BrokerCost]) -> Iterator[Advice]:
    costs = {
        name: each.cost_per_quality_point.value
        for name, each in sorted(brokers.items())
        if isinstance(each.cost_per_quality_point.value, Decimal)
    }
    if len(costs) < 2:
        return  # nothing to compare with
    middle = median(costs.values())
    for name, cost in costs.items():
        if cost <= COSTLY * middle:
            continue
        each = brokers[name]
        quality = Decimal(str(_number(each.quality_score)))
        saving = (cost - middle) * quality
        yield Advice(
            name,
            f"{name} costs ${cost:,.4f} for each point of quality ({_money(each.connection_cost_usd)} for "
            f"{quality:.2f}), the median of {len(costs)} brokers is ${middle:,.4f}: at that it would cost "
            f"${saving:,.2f} less.",
            {
                "cost_per_quality_point": cost,
                "median_cost_per_quality_point": middle,
                "connection_cost_usd": each.connection_cost_usd.value,
                "quality_score": each.quality_score.value,
                "saving_usd": round(saving, 6),
            },
        )


def _charged_otherwise(brokers: Mapping[str, BrokerCost]) -> Iterator[Advice]:
    for name, each in sorted(brokers.items()):
        difference = each.fee_difference_usd.value
        if not isinstance(difference, Decimal) or difference == 0:
            continue
        more = "more" if difference > 0 else "less"
        what = "Ask what for." if difference > 0 else "A bill may still be to come."
        yield Advice(
            name,
            f"{name} was charged {_money(each.connection_cost_usd)}, its contract says "
            f"{_money(each.contract_fee_usd)}: ${abs(difference):,.2f} {more}. {what}",
            {
                "connection_cost_usd": each.connection_cost_usd.value,
                "contract_fee_usd": each.contract_fee_usd.value,
                "fee_difference_usd": difference,
            },
        )


def _improvements(brokers: Mapping[str, BrokerCost]) -> Iterator[Advice]:
    for name, each in sorted(brokers.items()):
        parts = {
            letter: float(part) for letter in WEIGHTS if (part := each.quality_score.parts.get(letter)) is not None
        }
        if each.quality_score.value is None or not parts:
            continue
        lowest = min(parts, key=lambda letter: parts[letter])
        if parts[lowest] >= 100:
            continue
        score = _number(each.quality_score)
        weight = WEIGHTS[lowest] / sum(WEIGHTS[letter] for letter in parts)
        better = round(score * (100 / max(parts[lowest], _FLOOR)) ** weight, 4)
        told, remedy = _LOW[lowest]
        yield Advice(
            name,
            f"{name}'s quality is {score:.2f}, and its lowest part {lowest}: {told.format(parts[lowest])}. {remedy}; "
            f"with this part at 100 the score would be {better:.2f}.",
            {"quality_score": score, lowest: parts[lowest], "quality_score_then": better},
        )


def _number(figure: Figure) -> float:
    return float(figure.value or 0)


def _money(figure: Figure) -> str:
    return "nothing known" if figure.value is None else f"${figure.value:,.2f}"

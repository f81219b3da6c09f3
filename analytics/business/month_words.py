"""What a month's figures say, in sentences that cite them. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final

from analytics.business.month_reconciled import Reconciliation
from analytics.figures import Figure, Status
from analytics.reports.text import value_of as shown
from analytics.reports.text import worded, written

LEAST_UTILIZATION: Final = 60
"""Percent; below, more than a third of what is paid for lies idle."""
MOST_CHURN: Final = 5
"""Percent of paying logos in a month; more halves them in a little over a year."""
LEAST_SATISFACTION: Final = 4
"""Of 5: what "satisfied" is."""
LEAST_COMPLETENESS: Final = 99.5
"""Percent; what pro is promised of its tier."""
LEAST_UPTIME: Final = 99.9
LEAST_UPSELL: Final = 25

Figures = Mapping[str, Figure]


def executive_summary(figures: Figures, before: Decimal | None) -> tuple[str, ...]:
    """`before`: the revenue of the month before; None: there is none to compare with."""
    sentences = (
        _money(figures, before), _serving(figures), _customers(figures), _voices(figures), _quality(figures),
        _missing(figures),
    )  # fmt: skip
    return tuple(sentence for sentence in sentences if sentence)


def _has(figures: Figures, *names: str) -> bool:
    return all(name in figures and figures[name].value is not None for name in names)


def _money(figures: Figures, before: Decimal | None) -> str:
    if not _has(figures, "total_revenue_usd"):
        return f"Revenue is not known: {_why(figures, 'total_revenue_usd')}."
    revenue = figures["total_revenue_usd"]
    text = f"Revenue was {shown(revenue)}"
    if revenue.parts.get("credits_usd"):
        text += f", after {written(revenue.parts['credits_usd'], 'usd')} of approved credits"
    if before and isinstance(revenue.value, Decimal):
        change = 100 * (revenue.value - before) / before
        text += f" ({written(abs(change), 'percent')} {'less' if change < 0 else 'more'} than the month before)"
    if not _has(figures, "gross_profit_usd"):
        return f"{text}; what it cost is not known: {_why(figures, 'infrastructure_cost_usd')}."
    cost, profit = figures["infrastructure_cost_usd"], figures["gross_profit_usd"]
    text += f"; serving it cost {shown(cost)}, which leaves {shown(profit)}"
    if _has(figures, "profit_margin_percent"):
        text += f", a margin of {shown(figures['profit_margin_percent'])}"
    return text + "."


def _serving(figures: Figures) -> str:
    if not _has(figures, "users_served"):
        return ""
    text = f"{shown(figures['users_served'])} consumed data"
    if _has(figures, "total_broker_connections"):
        text += f" over {written(figures['total_broker_connections'].value)} broker connections"
    if _has(figures, "cost_per_user_usd"):
        text += f", at {shown(figures['cost_per_user_usd'])} each"
    if _has(figures, "savings_vs_traditional_usd", "efficiency_improvement_percent"):
        saving = figures["savings_vs_traditional_usd"]
        each = written(saving.parts.get("traditional_per_user_usd"), "usd")
        text += (
            f"; against an assumed {each} a user the saving is {shown(saving)} "
            f"({shown(figures['efficiency_improvement_percent'])})"
        )
    return text + "."


def _customers(figures: Figures) -> str:
    if not _has(figures, "churn_rate_percent"):
        return ""
    churn = figures["churn_rate_percent"]
    parts = churn.parts
    text = (
        f"Of {churn.n} paying customers {parts['gone']} left and {parts['downgraded']} went to free: a churn of "
        f"{shown(churn)}; {parts['came']} came, {parts['contracted']} pay less than before and {parts['expanded']} more"
    )
    if _has(figures, "upsell_success_rate_percent"):
        upsell = figures["upsell_success_rate_percent"]
        text += f"; {shown(upsell)} of {upsell.n} upgrade opportunities were won"
    return text + "."


def _voices(figures: Figures) -> str:
    said_of = []
    if _has(figures, "customer_satisfaction_score"):
        score = figures["customer_satisfaction_score"]
        said_of.append(f"satisfaction was {shown(score)} of 5 (n = {score.n})")
    if _has(figures, "net_promoter_score"):
        score = figures["net_promoter_score"]
        said_of.append(f"the net promoter score {score.value:+} (n = {score.n})")
    return _capital(" and ".join(said_of)) + "." if said_of else ""


def _quality(figures: Figures) -> str:
    names = {
        "sla_compliance_percent": "{} of tenant-months kept every promise",
        "data_completeness_percent": "{} of the data was complete",
        "broker_uptime_percent": "brokers were up {} of scheduled time",
        "avg_data_latency_ms": "a record took {} on average",
    }
    told = [text.format(shown(figures[name])) for name, text in names.items() if _has(figures, name)]
    return _capital("; ".join(told)) + "." if told else ""


def _missing(figures: Figures) -> str:
    names = [worded(name) for name, figure in figures.items() if figure.value is None]
    return f"Without data: {', '.join(names)}." if names else ""


def recommendations(figures: Figures, reconciled: Sequence[Reconciliation]) -> tuple[str, ...]:
    """What to do, the dearest first."""
    found = (*_on_money(figures), *_on_customers(figures), *_on_quality(figures), *_on_ledgers(reconciled))
    asked = tuple(_on_sources(figures))
    return found + asked or ("Nothing stands out: every figure is within its limits.",)


def _on_money(figures: Figures) -> Iterator[str]:
    if _has(figures, "gross_profit_usd") and Decimal(str(figures["gross_profit_usd"].value)) < 0:
        cost, revenue = figures["infrastructure_cost_usd"], figures["total_revenue_usd"]
        yield (
            f"Serving cost {shown(cost)}, and revenue was {shown(revenue)}: cut cost or raise prices; "
            "`tierfeed report costs` shows where it goes."
        )
    if _below(figures, "resource_utilization_percent", LEAST_UTILIZATION):
        use = figures["resource_utilization_percent"]
        yield (
            f"{written(use.parts.get('idle_usd'), 'usd')} of {written(use.parts.get('allocable_usd'), 'usd')} paid for "
            f"capacity that lay idle (utilisation {shown(use)}): release it or sell into it."
        )
    if _below(figures, "savings_vs_traditional_usd", 0):
        yield (
            f"Sharing does not pay yet: {shown(figures['users_served'])} cost "
            f"{shown(figures['infrastructure_cost_usd'])}, {shown(figures['savings_vs_traditional_usd'])} against the "
            "traditional model; more customers on the same feeds change that."
        )


def _on_customers(figures: Figures) -> Iterator[str]:
    if _above(figures, "churn_rate_percent", MOST_CHURN):
        churn = figures["churn_rate_percent"]
        yield (
            f"Churn was {shown(churn)}, {written(churn.parts.get('lost_monthly_usd'), 'usd')} a month: "
            "`tierfeed report health` names who is at risk next."
        )
    if _below(figures, "customer_satisfaction_score", LEAST_SATISFACTION):
        score = figures["customer_satisfaction_score"]
        yield f"Satisfaction was {shown(score)} of 5 (n = {score.n}): ask who answered below 4 what was missing."
    if _below(figures, "net_promoter_score", 0):
        score = figures["net_promoter_score"]
        yield (
            f"{score.parts.get('detractors')} detractors outweigh {score.parts.get('promoters')} promoters: call them "
            "before their renewal."
        )
    if _below(figures, "upsell_success_rate_percent", LEAST_UPSELL):
        upsell = figures["upsell_success_rate_percent"]
        yield f"Of {upsell.n} upgrade opportunities {shown(upsell)} were won: look at what the others were offered."


def _on_quality(figures: Figures) -> Iterator[str]:
    if _below(figures, "data_completeness_percent", LEAST_COMPLETENESS):
        whole = figures["data_completeness_percent"]
        name, value = min(((name, value) for name, value in whole.parts.items()), key=lambda part: float(part[1] or 0))
        yield (
            f"Completeness was {shown(whole)}, and {name.removesuffix('_percent')} is the lowest of its three parts "
            f"({written(value, 'percent')}): begin there."
        )
    if _below(figures, "broker_uptime_percent", LEAST_UPTIME):
        uptime = figures["broker_uptime_percent"]
        name, value = min(uptime.parts.items(), key=lambda part: float(part[1] or 0))
        yield (
            f"Brokers were up {shown(uptime)} of scheduled time; {name} was the least, at "
            f"{written(value, 'percent')}: `tierfeed report brokers` weighs it against its cost."
        )
    if _below(figures, "sla_compliance_percent", 100):
        kept = figures["sla_compliance_percent"]
        parts = kept.parts
        missed = [(name.removeprefix("missed_"), count) for name, count in parts.items() if name.startswith("missed_")]
        yield (
            f"{Decimal(str(parts['measured'])) - Decimal(str(parts['kept']))} of {parts['measured']} tenants were not "
            f"given all that was promised ({', '.join(f'{name}: {count}' for name, count in missed)}): "
            "`tierfeed credits list` shows what is owed."
        )


def _on_ledgers(reconciled: Sequence[Reconciliation]) -> Iterator[str]:
    for each in reconciled:
        if each.is_balanced is False:
            yield (
                f"{each.title} do not agree: they differ by {shown(each.figure)} in all, in "
                f"{each.figure.parts.get('differing')} places, which are listed below."
            )


def _on_sources(figures: Figures) -> Iterator[str]:
    reasons: dict[str, list[str]] = {}
    for name, figure in figures.items():
        if figure.status is Status.NO_SOURCE and "is missing:" not in (figure.reason or ""):
            reasons.setdefault(str(figure.reason), []).append(worded(name))
    for reason, names in reasons.items():
        yield f"{', '.join(names)} cannot be told: {reason}."


def _below(figures: Figures, name: str, least: float) -> bool:
    return _has(figures, name) and float(str(figures[name].value)) < least


def _above(figures: Figures, name: str, most: float) -> bool:
    return _has(figures, name) and float(str(figures[name].value)) > most


def _why(figures: Figures, name: str) -> str:
    return str(figures[name].reason) if name in figures else "it was not frozen"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]

"""How a month's customers came, went, and spoke. Pure."""

from typing import Final

from analytics.business.month_facts import Facts, Source
from analytics.business.month_measure import no_input, percent, without
from analytics.figures import Figure, Measured, Status, Value, usd
from analytics.summary import Row

LEAST_ANSWERS: Final = 5
"""A mean of fewer answers says nothing (SEMANTICS 11)."""


def customers(facts: Facts, made: Measured, users: Figure) -> tuple[Figure, ...]:
    formula = "users_served: customers who consumed a tick"
    active = without(made, "total_active_customers", "customers", formula, users) or made.figure(
        "total_active_customers", users.value, "customers", formula, n=users.n
    )
    return active, _satisfaction(facts, made), _churn(facts, made), _upsell(facts, made), _promoters(facts, made)


def _satisfaction(facts: Facts, made: Measured) -> Figure:
    name, formula = (
        "customer_satisfaction_score",
        f"mean of the month's CSAT answers, 1 to 5, of {LEAST_ANSWERS} at least",
    )
    gone, row = _answers(facts, made, name, "score", formula, "CSAT")
    return gone or made.figure(
        name,
        round(row["total"] / row["answers"], 2),
        "score",
        formula,
        n=row["answers"],
        parts={"tenants": row["tenants"]},
    )


def _promoters(facts: Facts, made: Measured) -> Figure:
    name, formula = "net_promoter_score", f"% of NPS answers of 9 and 10 - % of 0 to 6, of {LEAST_ANSWERS} at least"
    gone, row = _answers(facts, made, name, "points", formula, "NPS")
    if gone is not None:
        return gone
    parts = {"promoters": row["promoters"], "detractors": row["detractors"], "tenants": row["tenants"]}
    points = round(100 * (row["promoters"] - row["detractors"]) / row["answers"], 1)
    return made.figure(name, points, "points", formula, n=row["answers"], parts=parts)


def _answers(facts: Facts, made: Measured, name: str, unit: str, formula: str, kind: str) -> tuple[Figure | None, Row]:
    row = facts.surveys.get(kind, {"answers": 0})
    if not facts.source(kind).ever:
        return no_input(made, name, unit, formula, Source(), f"{kind} answers", "`tierfeed ops import surveys`"), row
    if row["answers"] < LEAST_ANSWERS:
        reason = f"{row['answers']} {kind} answers in the month, and {LEAST_ANSWERS} are the least that say something"
        return made.missing(name, unit, formula, Status.INSUFFICIENT_DATA, reason, n=row["answers"]), row
    return None, row


def _churn(facts: Facts, made: Measured) -> Figure:
    name = "churn_rate_percent"
    formula = "100 x (gone + downgraded to free) / customers who paid on the day before the month"
    source, row = facts.source("subscriptions"), facts.logos
    if not source.ever:
        gone = no_input(made, name, "percent", formula, source, "subscriptions", "`tierfeed ops import subscriptions`")
        assert gone is not None
        return gone
    if not row["opening"]:
        reason = "nobody paid on the day before the month: there is nobody to lose"
        return made.missing(name, "percent", formula, Status.NOT_APPLICABLE, reason, n=0)
    counts = ("opening", "came", "gone", "downgraded", "closing", "contracted", "expanded", "returned", "passed")
    parts: dict[str, Value | None] = {key: row[key] for key in counts}
    moved = ("lost", "contracted", "expanded", "came")
    parts |= {f"{key}_monthly_usd": usd(row[f"{key}_microusd"]) for key in moved}
    lost = row["gone"] + row["downgraded"]
    return made.figure(name, percent(lost, row["opening"]), "percent", formula, n=row["opening"], parts=parts)


def _upsell(facts: Facts, made: Measured) -> Figure:
    name, formula = "upsell_success_rate_percent", "100 x upgrades won / opportunities of upgrade closed in the month"
    row, source = facts.upgrades, facts.source("opportunities")
    if not source.ever:
        gone = no_input(made, name, "percent", formula, source, "opportunities", "`tierfeed ops import opportunities`")
        assert gone is not None
        return gone
    closed = row["won"] + row["lost"]
    if not closed:
        reason = "no opportunity of upgrade was closed in the month"
        return made.missing(name, "percent", formula, Status.NOT_APPLICABLE, reason, n=0)
    parts = {"won": row["won"], "lost": row["lost"], "won_monthly_usd": usd(row["won_microusd"])}
    return made.figure(name, percent(row["won"], closed), "percent", formula, n=closed, parts=parts)

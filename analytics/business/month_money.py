"""What serving a month's customers took, and what they brought. Pure."""

from typing import Final

from analytics.business.month_facts import Facts
from analytics.business.month_measure import ROLLUPS, count, micro, no_input, per, percent, without
from analytics.figures import Figure, Measured, Status, Value, usd

IDLE: Final = "idle"


def connections(facts: Facts, made: Measured) -> Figure:
    name, formula = "total_broker_connections", (
        "over brokers that were live in the month: the connections of their contract, 1 where there is none"
    )  # fmt: skip
    gone = no_input(made, name, "connections", formula, facts.source("brokers"), "days of brokers", ROLLUPS)
    if gone is not None:
        return gone
    live = [row for row in facts.brokers if row["live_s"]]
    parts: dict[str, Value | None] = {
        "brokers_connected": len(live),
        "without_contract": sum(not row["connections"] for row in live),
        "under_contract_never_connected": sum(not row["live_s"] for row in facts.brokers),
    }
    parts |= {str(row["broker"]): max(row["connections"], 1) for row in live}
    return made.figure(
        name, sum(max(row["connections"], 1) for row in live), "connections", formula, n=len(live), parts=parts
    )


def users_served(facts: Facts, made: Measured) -> Figure:
    name, formula = "users_served", "customers who consumed a tick that was published in the month"
    consumption, tiers = facts.source("consumption"), facts.source("tiers")
    seen = consumption if consumption.within or not tiers.within else tiers  # published, and nobody consumed: that is 0
    gone = no_input(made, name, "customers", formula, seen, "days of consumption", ROLLUPS)
    if gone is not None:
        return gone
    row = facts.month
    return made.figure(name, row["customers"], "customers", formula, n=row["customers"], parts={"ticks": row["ticks"]})


def infrastructure_cost(facts: Facts, made: Measured) -> Figure:
    name, formula = "infrastructure_cost_usd", "effective cost of all charges, of each the days in the month"
    gone = no_input(
        made, name, "usd", formula, facts.source("charges"), "charges", "`tierfeed ops import cost_charges`"
    )
    row = facts.month
    return gone or made.figure(name, usd(row["cost_microusd"]), "usd", formula, n=row["charges"])


def cost_per_user(made: Measured, cost: Figure, users: Figure) -> Figure:
    name, formula = "cost_per_user_usd", "infrastructure_cost_usd / users_served"
    if gone := without(made, name, "usd", formula, cost, users):
        return gone
    if not count(users):
        return made.missing(name, "usd", formula, Status.NOT_APPLICABLE, "nobody was served: there is nothing to divide by", n=0)  # fmt: skip  # noqa: E501
    return made.figure(name, per(micro(cost), count(users)), "usd", formula, n=count(users))


def utilization(facts: Facts, made: Measured) -> Figure:
    name, formula = (
        "resource_utilization_percent",
        "100 x (1 - idle / all that was allocated, idle or nobody's), of the month",
    )
    if not facts.allocated:
        reason = "the month's cost is not allocated: `tierfeed report costs`"
        return made.missing(name, "percent", formula, Status.NO_SOURCE, reason)
    idle = sum(row["microusd"] for row in facts.allocated if IDLE in (row["line"], row["class"]))
    allocable = sum(row["microusd"] for row in facts.allocated)
    told = facts.month["told_microusd"]
    if not told and not idle:
        reason = "no charge of the month says what was provisioned and what was used"
        return made.missing(name, "percent", formula, Status.NO_SOURCE, reason)
    if allocable <= 0:
        return made.missing(name, "percent", formula, Status.NOT_APPLICABLE, "nothing could be allocated")
    parts = {"idle_usd": usd(idle), "allocable_usd": usd(allocable), "of_charges_that_tell_use_usd": usd(told)}
    return made.figure(
        name, percent(allocable - idle, allocable), "percent", formula, n=sum(row["rows"] for row in facts.allocated),
        parts=parts,
    )  # fmt: skip


def efficiency(made: Measured, cost: Figure, users: Figure, each: int) -> Figure:
    name = "efficiency_improvement_percent"
    formula = f"100 x (traditional - infrastructure_cost_usd) / traditional, which is users_served x {usd(each):.2f}"
    if gone := without(made, name, "percent", formula, cost, users):
        return gone
    traditional = count(users) * each
    if not traditional:
        return made.missing(name, "percent", formula, Status.NOT_APPLICABLE, "nobody was served: the traditional model costs nothing", n=0)  # fmt: skip  # noqa: E501
    parts = {"traditional_usd": usd(traditional), "traditional_per_user_usd": usd(each)}
    return made.figure(
        name, percent(traditional - micro(cost), traditional), "percent", formula, n=count(users), parts=parts
    )


def revenue(facts: Facts, made: Measured, cost: Figure, users: Figure, each: int) -> tuple[Figure, ...]:
    total = _total(facts, made)
    formula = "total_revenue_usd - infrastructure_cost_usd"
    profit = without(made, "gross_profit_usd", "usd", formula, total, cost) or made.figure(
        "gross_profit_usd", usd(micro(total) - micro(cost)), "usd", formula, n=total.n
    )
    return total, cost, profit, _margin(made, profit, total), _savings(made, cost, users, each)


def _total(facts: Facts, made: Measured) -> Figure:
    name, formula = "total_revenue_usd", "subscriptions' revenue recognised per day - approved credits of the month"
    source, row = facts.source("subscriptions"), facts.month
    if not source.ever or (source.first is not None and source.first >= facts.span.until):
        how = "`tierfeed ops import subscriptions`"
        gone = no_input(made, name, "usd", formula, source._replace(within=0), "subscriptions", how)
        assert gone is not None
        return gone
    gross, credited = row["gross_microusd"], row["credits_microusd"]
    parts = {"recognised_usd": usd(gross), "credits_usd": usd(credited)}
    return made.figure(name, usd(gross - credited), "usd", formula, n=row["subscribers"], parts=parts)


def _margin(made: Measured, profit: Figure, total: Figure) -> Figure:
    name, formula = "profit_margin_percent", "100 x gross_profit_usd / total_revenue_usd"
    if gone := without(made, name, "percent", formula, total, profit):
        return gone
    if micro(total) <= 0:
        reason = f"revenue was {total.value:,.2f} USD: there is nothing to divide by"
        return made.missing(name, "percent", formula, Status.NOT_APPLICABLE, reason)
    return made.figure(name, percent(micro(profit), micro(total)), "percent", formula, n=total.n)


def _savings(made: Measured, cost: Figure, users: Figure, each: int) -> Figure:
    name = "savings_vs_traditional_usd"
    formula = f"users_served x {usd(each):.2f} (an assumption) - infrastructure_cost_usd"
    if gone := without(made, name, "usd", formula, cost, users):
        return gone
    traditional = count(users) * each
    parts = {"traditional_usd": usd(traditional), "traditional_per_user_usd": usd(each)}
    return made.figure(name, usd(traditional - micro(cost)), "usd", formula, n=count(users), parts=parts)

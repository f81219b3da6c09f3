"""What consolidated ingestion saves against a line for each user, and what that is of revenue.

Money is exact: whole micro-dollars inside, Decimal dollars outside. Percentages have four decimals, half to even.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Final

from analytics.business.rates import RateCard
from analytics.figures import usd
from tierfeed.errors import ConfigError

FORMULA: Final = "profit/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfitAnalysis:
    """A month with so many users, in dollars.

    `margin_improvement_percent` is in percentage points of revenue. What is None says why in `reasons`, by its name.
    """

    users: int
    total_revenue: Decimal | None
    traditional_cost: Decimal
    ingestion_cost: Decimal
    profit_improvement: Decimal
    margin_improvement_percent: Decimal | None
    savings_percent: Decimal | None
    reasons: dict[str, str] = field(default_factory=dict)
    formula_version: str = FORMULA


@dataclass(frozen=True, slots=True)
class RevenueScaling:
    """The document's model. `revenue_per_user_microusd`: of a month; None where it is unknown."""

    card: RateCard
    revenue_per_user_microusd: int | None

    def calculate_profit_margin(self, user_count: int) -> ProfitAnalysis:
        """A month with so many users. Raises ConfigError for a count below 0."""
        if user_count < 0:
            raise ConfigError(f"users must be 0 or more, was {user_count}")
        traditional = user_count * self.card.traditional_microusd
        ingestion = self.card.base_microusd + user_count * self.card.user_microusd
        each = self.revenue_per_user_microusd
        revenue = None if each is None else user_count * each
        return ProfitAnalysis(
            users=user_count,
            total_revenue=None if revenue is None else usd(revenue),
            traditional_cost=usd(traditional),
            ingestion_cost=usd(ingestion),
            profit_improvement=usd(traditional - ingestion),
            margin_improvement_percent=percent(traditional - ingestion, revenue),
            savings_percent=percent(traditional - ingestion, traditional),
            reasons=dict(_reasons(user_count, revenue, traditional)),
        )

    def break_even_users(self) -> int | None:
        """The first count at which ingestion costs no more than a line each; None: there is none."""
        return _reaches(self.card.base_microusd, self.card.traditional_microusd - self.card.user_microusd)

    def revenue_covers_cost_from_users(self) -> int | None:
        """The first count whose revenue is what ingestion costs, or more; None: none is, or revenue is unknown."""
        each = self.revenue_per_user_microusd
        return None if each is None else _reaches(self.card.base_microusd, each - self.card.user_microusd)

    def limit_percent(self) -> Decimal | None:
        """What `savings_percent` comes near with ever more users."""
        return percent(self.card.traditional_microusd - self.card.user_microusd, self.card.traditional_microusd)


def percent(part: int, whole: int | None) -> Decimal | None:
    """None where there is no whole."""
    if not whole:
        return None
    return Decimal(round(Fraction(100 * part, whole) * 10_000)).scaleb(-4)


def _reasons(users: int, revenue: int | None, traditional: int) -> Iterator[tuple[str, str]]:
    nobody = "there are no users"
    if revenue is None:
        yield "total_revenue", "the revenue per user is unknown"
    if not revenue:
        unearned = "the revenue per user is unknown" if revenue is None else "there is no revenue"
        yield "margin_improvement_percent", nobody if users == 0 else unearned
    if not traditional:
        yield "savings_percent", nobody if users == 0 else "the traditional cost is 0"


def _reaches(fixed: int, each: int) -> int | None:
    if fixed <= 0:
        return 0
    return -(-fixed // each) if each > 0 else None

"""The whole company, kind by kind. Pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random

from analytics.ops.company.dealings import credits_by_hand, invoices, opportunities, subscriptions, surveys, tickets
from analytics.ops.company.lives import Life, live, priced
from analytics.ops.company.months import Window
from analytics.ops.company.supply import charges, contracts, maintenance
from analytics.ops.kinds import KINDS, SYNTHETIC, KindName, Row
from tierfeed.domain.tiers import Tier


@dataclass(frozen=True, slots=True)
class Plot:
    """So many customers over so many months, of which `until`, such as 2026-10, is the last."""

    tenants: int
    months: int
    seed: int
    until: str


def company(plot: Plot, tiers: Sequence[Tier], brokers: Sequence[str]) -> dict[KindName, list[Row]]:
    """By kind: its rows, as they are stored, by key. A customer is the same however many others there are.

    Raises ConfigError where `until` is no month, or no tier has a price.
    """
    window, ranked = Window.of(plot.until, plot.months), priced(tiers)
    above = {lower.name: upper.name for lower, upper in pairwise(ranked)}
    rows: dict[KindName, list[Row]] = {name: [] for name in KINDS}
    lives = []
    for number in range(1, plot.tenants + 1):
        life = live(number, _chance(plot, "life", number), window, plot.months, ranked)
        lives.append(life)
        for name, found in _dealings(plot, life, window, above):
            rows[name] += found
    rows[KindName.COST_CHARGES] += charges(plot.seed, window, brokers, lives)
    rows[KindName.BROKER_CONTRACTS] += contracts(window, brokers, tiers)
    rows[KindName.MAINTENANCE] += maintenance(window)
    return {name: _marked(KINDS[name].key_of, found) for name, found in rows.items()}


def _dealings(
    plot: Plot, life: Life, window: Window, above: dict[str, str]
) -> Iterable[tuple[KindName, Iterable[Row]]]:
    """Each kind has its chances of its own: one more ticket changes no invoice."""
    asked = list(tickets(life, _chance(plot, "tickets", life.number), window))
    yield KindName.SUBSCRIPTIONS, subscriptions(life)
    yield KindName.INVOICES, invoices(life, _chance(plot, "invoices", life.number), window)
    yield KindName.TICKETS, asked
    yield KindName.SURVEYS, surveys(life, _chance(plot, "surveys", life.number), window, asked)
    yield KindName.OPPORTUNITIES, opportunities(life, _chance(plot, "deals", life.number), window, above)
    yield KindName.CREDITS, credits_by_hand(life, _chance(plot, "credits", life.number), asked)


def _chance(plot: Plot, what: str, number: int) -> Random:
    return Random(f"{plot.seed}/{what}/{number}")


def _marked(key_of: Callable[[Row], tuple[object, ...]], rows: Iterable[Row]) -> list[Row]:
    return sorted(({**row, "void": False, "source": SYNTHETIC} for row in rows), key=key_of)

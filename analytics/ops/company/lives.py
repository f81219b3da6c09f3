"""Customers: when each came, what it bought, and when it changed its mind. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Final

from analytics.ops.company.months import DAY, Window
from analytics.ops.kinds import PREFIX
from analytics.ops.rules import next_month
from tierfeed.domain.tiers import Tier
from tierfeed.errors import ConfigError

UNHAPPY: Final = 25
"""Moods run from 0 to 99: so many per cent of customers are unhappy from the beginning."""
DELIGHTED: Final = 70
YEARS_BACK: Final = 720
"""Days before the window in which those came that are there when it begins."""
GROWTH_PERCENT: Final = 8
"""Of all customers, so many come in each month of the window, up to 60 per cent."""
MOST_NEW_PERCENT: Final = 60
DISCOUNTS: Final = ((0, 65), (10, 25), (20, 10))
"""(per cent off a price above DEAR, share of customers)."""
DEAR: Final = 100_000_000
TO_FREE_PERCENT: Final = 30
"""Of those that give up paying, so many go on for nothing."""


@dataclass(frozen=True, slots=True)
class Bought:
    """One subscription over [start, end); without an end it goes on."""

    tier: str
    price: int
    start: date
    end: date | None = None

    def has(self, day: date) -> bool:
        return self.start <= day and (self.end is None or day < self.end)


@dataclass(slots=True)
class Life:
    """One customer. `gave_up`: when it stopped to pay."""

    number: int
    tenant: str
    mood: int
    bought: list[Bought] = field(default_factory=list)
    upgraded: date | None = None
    gave_up: date | None = None

    @property
    def joined(self) -> date:
        return self.bought[0].start

    def at(self, day: date) -> Bought | None:
        return next((each for each in self.bought if each.has(day)), None)


def priced(tiers: Sequence[Tier]) -> list[Tier]:
    """Those that have a price, the cheapest first. Raises ConfigError where none costs anything."""
    found = sorted(
        (tier for tier in tiers if tier.price_microusd is not None), key=lambda tier: tier.price_microusd or 0
    )
    if not any(tier.price_microusd for tier in found):
        raise ConfigError("tiers_file must have a tier with a price above 0, or nobody pays anything")
    return found


def live(number: int, chance: Random, window: Window, months: int, tiers: Sequence[Tier]) -> Life:
    """One customer's life. `tiers`: as `priced` has them."""
    life = Life(number, f"{PREFIX}{number:05}", chance.randrange(100))
    joined = _joined(chance, window, months)
    rank = _weighted(chance, [(rank, 60 >> rank or 1) for rank in range(len(tiers))])
    off = _weighted(chance, DISCOUNTS)
    life.bought.append(Bought(tiers[rank].name, _price(tiers[rank], off), joined))
    # Whoever changes his mind does so on the first of a month.
    day = max(window.start, next_month(joined + 27 * DAY))
    while day <= window.end and life.gave_up is None:
        moved = _moved(chance, life.mood, rank, tiers)
        if moved is not None and not (moved == GONE or tiers[moved].price_microusd == 0):
            if day < window.end:
                if moved > rank:
                    life.upgraded = day
                rank = moved
                _change(life, day, Bought(tiers[rank].name, _price(tiers[rank], off), day))
        elif moved is not None:
            life.gave_up = day
            goes_on = moved != GONE and day < window.end
            _change(life, day, Bought(tiers[moved].name, 0, day) if goes_on else None)
        day = next_month(day)
    return life


GONE: Final = -1


def _joined(chance: Random, window: Window, months: int) -> date:
    if chance.randrange(100) >= min(MOST_NEW_PERCENT, GROWTH_PERCENT * months):
        return window.start - timedelta(days=1 + chance.randrange(YEARS_BACK))
    # The later of two days: more come every month.
    return window.start + timedelta(days=max(chance.randrange(window.days), chance.randrange(window.days)))


def _moved(chance: Random, mood: int, rank: int, tiers: Sequence[Tier]) -> int | None:
    """The tier that a customer moves to in a month, GONE where it leaves, None where it stays."""
    pays, top = bool(tiers[rank].price_microusd), len(tiers) - 1
    per_mille = chance.randrange(1000)
    leaves = 8 + (70 if mood < UNHAPPY else 15 if mood < 50 else 0)
    rises = 0 if rank == top else 40 if mood >= DELIGHTED else 6
    falls = (14 if mood < 40 else 2) if rank > 0 and tiers[rank - 1].price_microusd else 0
    is_free_left = pays and tiers[0].price_microusd == 0 and chance.randrange(100) < TO_FREE_PERCENT
    if per_mille < leaves:
        return 0 if is_free_left else GONE
    if per_mille < leaves + rises:
        return rank + 1
    if per_mille < leaves + rises + falls:
        return rank - 1
    return None


def _change(life: Life, day: date, then: Bought | None) -> None:
    last = life.bought[-1]
    life.bought[-1] = Bought(last.tier, last.price, last.start, day)
    if then is not None:
        life.bought.append(then)


def _price(tier: Tier, off: int) -> int:
    price = tier.price_microusd or 0
    return price * (100 - off) // 100 if price >= DEAR else price


def _weighted(chance: Random, choices: Sequence[tuple[int, int]]) -> int:
    """One of (choice, weight)."""
    at = chance.randrange(sum(weight for _, weight in choices))
    for choice, weight in choices:
        at -= weight
        if at < 0:
            return choice
    raise AssertionError

"""Members: which brokers each tier has: its own, and behind them those admitted for a time, the preferred first.

An order takes effect, and ends, at the first whole second that is not earlier than its time. Only a broker that the
tier lists for an emergency can be admitted.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tierfeed.domain.tiers import Tier


@dataclass(frozen=True, slots=True)
class Order:
    """The broker is one of the tier's, or with a symbol leads there, from `since_us` to before `until_us`."""

    tier: str
    broker: str
    symbol: str | None
    since_us: int
    until_us: int


class Members:
    """The tiers' brokers, and who is to lead, as of the last whole second."""

    def __init__(self, brokers: Iterable[str], tiers: Sequence[Tier], orders: Sequence[Order] = ()) -> None:
        deployed = set(brokers)
        self.orders = orders
        self._own = {tier.name: tuple(b for b in tier.brokers if b in deployed) for tier in tiers}
        self._reserve = {tier.name: tuple(b for b in tier.emergency if b in deployed) for tier in tiers}
        self._admitted: dict[str, tuple[str, ...]] = dict.fromkeys(self._own, ())
        self._in_force: list[Order] = []

    def of(self, tier: str) -> tuple[str, ...]:
        return self._own[tier] + self._admitted[tier]

    def preferred(self, tier: str, symbol: str) -> str | None:
        """Who is to lead by the newest order."""
        told = [order.broker for order in self._in_force if (order.tier, order.symbol) == (tier, symbol)]
        return told[-1] if told else None

    def muster(self, now_us: int) -> list[tuple[str, str]]:
        """It is `now_us`: the (tier, broker) of each that has come or gone."""
        self._in_force = [order for order in self.orders if order.since_us <= now_us < order.until_us]
        moved = []
        for tier, reserve in self._reserve.items():
            named = {order.broker for order in self._in_force if order.tier == tier and order.symbol is None}
            before, self._admitted[tier] = self._admitted[tier], tuple(b for b in reserve if b in named)
            moved += [(tier, broker) for broker in reserve if (broker in before) != (broker in named)]
        return moved

"""Route: which tiers a change concerns."""

from collections.abc import Iterable, Sequence, Set

from tierfeed.domain.tiers import Tier


class Route:
    """The deployment's brokers against the tiers. A tier without any of the brokers never gets anything."""

    def __init__(self, brokers: Iterable[str], tiers: Sequence[Tier]) -> None:
        deployed = set(brokers)
        self._tiers = [(tier, tuple(broker for broker in tier.brokers if broker in deployed)) for tier in tiers]

    def concerned(self, symbol: str, changed: Set[str]) -> list[tuple[Tier, tuple[str, ...]]]:
        """The tiers that carry the symbol and have one of the changed brokers, each with its deployed brokers."""
        return [
            (tier, brokers) for tier, brokers in self._tiers if tier.carries(symbol) and not changed.isdisjoint(brokers)
        ]

"""Route: which tiers a change concerns."""

from collections.abc import Sequence, Set

from streams.kernels.plain.members import Members
from tierfeed.domain.tiers import Tier


class Route:
    """The tiers and their members. A tier without any of the deployment's brokers never gets anything."""

    def __init__(self, members: Members, tiers: Sequence[Tier]) -> None:
        self._members, self._tiers = members, tiers

    def concerned(
        self, symbol: str, changed: Set[str], moved: Set[str] = frozenset()
    ) -> list[tuple[Tier, tuple[str, ...]]]:
        """The tiers that carry the symbol and have one of the changed brokers, each with its brokers.

        `moved`: tiers that have got, or lost, a broker that quotes the symbol.
        """
        return [
            (tier, brokers)
            for tier in self._tiers
            if tier.carries(symbol)
            and (not changed.isdisjoint(brokers := self._members.of(tier.name)) or tier.name in moved)
        ]

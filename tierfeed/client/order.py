"""What the order of a partition's records proves: which are behind their time, and which updates are missing."""

from collections.abc import Mapping


class Order:
    """One partition from where reading began. Knows `epoch` and, per symbol, the update before."""

    __slots__ = ("_upto", "epoch")

    def __init__(self, epoch: int = 0, upto: Mapping[str, int] | None = None) -> None:
        self.epoch = epoch
        self._upto = dict(upto or {})

    def is_stale(self, epoch: int) -> bool:
        """Whether a record of this epoch stands behind one of a newer epoch: of a worker that had been replaced."""
        if epoch > self.epoch:
            self.epoch = epoch
        return epoch < self.epoch

    def missing_before(self, symbol: str, upto: int, conflated: int) -> range | None:
        """Updates that were published between this quote and the symbol's one before, and did not come.

        A quote covers `conflated` updates and its own: `upto` - `conflated` - 1 is where the one before must end. None
        where the quote itself has nothing new. Before the first of a symbol nothing is missing.
        """
        before = self._upto.get(symbol)
        if before is None:
            self._upto[symbol] = upto
            return range(0)
        if upto <= before:
            return None
        self._upto[symbol] = upto
        return range(before + 1, upto - conflated)

"""The last value of every symbol first, and where its tier's topic goes on from there. No I/O, no clocks."""

from collections.abc import Iterable, Set
from dataclasses import dataclass

from tierfeed.client.order import Order
from tierfeed.client.values import Quote


@dataclass(frozen=True, slots=True)
class Copy:
    """A record of a partition of `.latest`, and what its headers say."""

    quote: Quote
    source_offset: int | None
    complete_to: int | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is known of a partition without having read it."""

    quotes: tuple[Quote, ...]
    start: int | None
    """Every tier record before this offset is in `quotes`; None where no copy says so."""
    epoch: int
    """The newest before `start`."""

    def order(self) -> Order:
        """For the live records from `start` on: those that `quotes` covers are repeated, the others follow it."""
        return Order(self.epoch, {quote.symbol: quote.upto_sequence for quote in self.quotes})

    def of(self, symbols: Set[str]) -> tuple[Quote, ...]:
        """The quotes of `symbols`; all where there are none."""
        return tuple(quote for quote in self.quotes if not symbols or quote.symbol in symbols)


def snapshot(copies: Iterable[Copy]) -> Snapshot:
    """The newest copy per symbol, whatever order they stand in: each waits its own second, and some come twice.

    The epoch is that of records before `start` only. What is behind `start` comes again, and there a record of an older
    epoch may still be in its place.
    """
    copies = list(copies)
    newest: dict[str, Quote] = {}
    for quote in (copy.quote for copy in copies):
        known = newest.get(quote.symbol)
        if known is None or (quote.epoch, quote.upto_sequence) >= (known.epoch, known.upto_sequence):
            newest[quote.symbol] = quote
    start = max((copy.complete_to for copy in copies if copy.complete_to is not None), default=None)
    before = [
        copy.quote.epoch
        for copy in copies
        if start is not None and copy.source_offset is not None and copy.source_offset < start
    ]
    return Snapshot(tuple(newest.values()), start, max(before, default=0))

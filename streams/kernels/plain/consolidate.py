"""Consolidate: from each broker's held quote to the best bid and offer of a tier."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from streams.kernels.plain.events import TickEvent
from streams.kernels.plain.outputs import BrokerQuote, Composite, Source
from streams.kernels.plain.prices import rounded
from streams.kernels.plain.rules import SECOND_US
from tierfeed.domain.selection import Contest
from tierfeed.domain.symbols import price_digits
from tierfeed.domain.words import BrokerStatus, QuoteState

NO_CONTEST = Contest()


@dataclass(slots=True)
class Quote:
    """What a broker last said about a symbol. 0 is a side it does not quote; received_time is the engine's time."""

    bid: float
    ask: float
    bid_size: float | None
    ask_size: float | None
    event_time: int | None
    received_time: int
    quarantined: bool

    @property
    def mid(self) -> float | None:
        return (self.bid + self.ask) / 2 if self.bid > 0 and self.ask > 0 else None

    def says_what(self, tick: TickEvent) -> bool:
        """Does the tick repeat this quote, prices and sizes?"""
        mine = (self.bid, self.ask, self.bid_size, self.ask_size)
        return mine == (tick.bid, tick.ask, tick.bid_size, tick.ask_size)


class Book:
    """The held quote of each symbol and broker."""

    def __init__(self) -> None:
        self._quotes: defaultdict[str, dict[str, Quote]] = defaultdict(dict)

    def any(self) -> bool:
        return any(self._quotes.values())

    def get(self, symbol: str, broker: str) -> Quote | None:
        return self._quotes[symbol].get(broker)

    def hold(self, symbol: str, broker: str, quote: Quote) -> None:
        self._quotes[symbol][broker] = quote

    def of_symbol(self, symbol: str) -> list[tuple[str, Quote]]:
        """Who quotes the symbol, brokers by name."""
        return sorted(self._quotes[symbol].items())

    def symbols_of(self, broker: str) -> set[str]:
        return {symbol for symbol, quotes in self._quotes.items() if broker in quotes}

    def forget_older(self, lifetime_us: int, now_us: int) -> list[tuple[str, str]]:
        """Drop quotes that have reached the lifetime; the (symbol, broker) of each."""
        lost = [
            (symbol, broker)
            for symbol, quotes in self._quotes.items()
            for broker, quote in quotes.items()
            if now_us - quote.received_time >= lifetime_us
        ]
        for symbol, broker in lost:
            del self._quotes[symbol][broker]
        return lost


@dataclass(frozen=True, slots=True)
class Standing:
    """One of the tier's brokers as it stands: its session, its quote, how far its partition has been applied."""

    broker: str
    live: bool
    quote: Quote | None
    offset: int | None

    @property
    def status(self) -> BrokerStatus:
        if not self.live:
            return BrokerStatus.SESSION_LOST
        if self.quote is None:
            return BrokerStatus.NO_QUOTE
        if self.quote.quarantined:
            return BrokerStatus.QUARANTINED
        return BrokerStatus.ONE_SIDED if self.quote.mid is None else BrokerStatus.ELIGIBLE

    def told(self) -> BrokerQuote:
        quote = self.quote
        if quote is None:
            return BrokerQuote(broker=self.broker, status=self.status)
        return BrokerQuote(
            broker=self.broker,
            status=self.status,
            bid=quote.bid if quote.bid > 0 else None,
            ask=quote.ask if quote.ask > 0 else None,
            bid_size=quote.bid_size,
            ask_size=quote.ask_size,
            event_time=quote.event_time,
            received_time=quote.received_time,
        )


def consolidate(symbol: str, standings: Sequence[Standing], as_of_us: int, contest: Contest = NO_CONTEST) -> Composite:
    """The composite of a tier. Equal prices: who leads the `contest` goes first, then the order of `standings`."""
    counted = [
        (standing.broker, standing.quote)
        for standing in standings
        if standing.quote is not None and standing.status in (BrokerStatus.ELIGIBLE, BrokerStatus.ONE_SIDED)
    ]
    in_order = list(counted)
    counted.sort(key=lambda c: c[0] != contest.broker)  # max and min keep the first of equals
    bid_broker, bid = max((c for c in counted if c[1].bid > 0), key=lambda c: c[1].bid, default=(None, None))
    ask_broker, ask = min((c for c in counted if c[1].ask > 0), key=lambda c: c[1].ask, default=(None, None))
    newest = max((quote for _, quote in reversed(in_order)), key=lambda quote: quote.received_time, default=None)
    digits = price_digits(symbol)
    statuses = [standing.status for standing in standings]
    return Composite(
        symbol=symbol,
        bid=bid.bid if bid else None,
        ask=ask.ask if ask else None,
        mid=rounded((bid.bid + ask.ask) / 2, digits + 1) if bid and ask else None,
        spread=rounded(ask.ask - bid.bid, digits) if bid and ask else None,
        state=_two_sided_state(bid.bid, ask.ask) if bid and ask else _state(bid or ask),
        event_time=newest.event_time if newest else None,
        received_time=newest.received_time if newest else None,
        as_of_time=as_of_us,
        sources=tuple(Source(broker=s.broker, offset=s.offset) for s in standings if s.offset is not None),
        bid_age_us=as_of_us - bid.received_time if bid else None,
        ask_age_us=as_of_us - ask.received_time if ask else None,
        eligible_brokers=statuses.count(BrokerStatus.ELIGIBLE),
        quarantined_brokers=statuses.count(BrokerStatus.QUARANTINED),
        bid_broker=bid_broker,
        ask_broker=ask_broker,
        bid_size=bid.bid_size if bid else None,
        ask_size=ask.ask_size if ask else None,
        feed_latency_us=_latency(newest),
        lead_broker=contest.broker,
        lead_since=_micros(contest.since_s),
        lead_switched=_micros(contest.switched_s),
        brokers=tuple(standing.told() for standing in standings),
    )


def _micros(second: int | None) -> int | None:
    return None if second is None else second * SECOND_US


def _state(side: Quote | None) -> QuoteState:
    return QuoteState.STALE if side is None else QuoteState.ONE_SIDED


def _two_sided_state(bid: float, ask: float) -> QuoteState:
    if bid == ask:
        return QuoteState.LOCKED
    return QuoteState.CROSSED if bid > ask else QuoteState.NORMAL


def _latency(quote: Quote | None) -> int | None:
    return None if quote is None or quote.event_time is None else quote.received_time - quote.event_time

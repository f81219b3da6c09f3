"""A synthetic market: some 10,000 ticks a second of event time, two percent of them delivered twice."""

from dataclasses import dataclass

import numpy as np

from collectors.port import Ledger, LedgerRow, Ticks, flags_of
from collectors.script import Script, Session, floor_second, second_after
from tierfeed.domain.words import Feed

MAJORS = ("EURUSD", "GBPUSD", "USDJPY", "USDCHF", "AUDUSD")
BROKERS = ("fxcm", "ic_markets", "pepperstone")
SEED = 20140508
BEGIN_US = 1_700_000_000_000_000
MEAN_GAP_US = 100.0
REDELIVERED = 0.02
HALF_SPREAD = 5e-5
TRANSIT_US = 500
SIZE = 1e6


@dataclass(frozen=True, slots=True)
class Shape:
    """How large a market is. Brokers beyond the three known ones, and symbols beyond the majors, have made-up names.

    However many they are, each symbol of each broker ticks as often: a larger market has more ticks a second.
    """

    ticks: int
    symbols: int = 28
    brokers: int = 3

    @property
    def mean_gap_us(self) -> float:
        return MEAN_GAP_US * 28 / self.symbols * 3 / self.brokers

    @property
    def broker_names(self) -> tuple[str, ...]:
        return BROKERS[: self.brokers] + tuple(f"venue_{i}" for i in range(self.brokers - len(BROKERS)))

    @property
    def symbol_names(self) -> tuple[str, ...]:
        return MAJORS[: self.symbols] + tuple(f"X{i:03d}USD" for i in range(self.symbols - len(MAJORS)))


def market(shape: Shape) -> tuple[Script, ...]:
    """Every broker's script: a pure function of the shape. Brokers take turns; low-numbered symbols tick more often."""
    rng = np.random.default_rng(SEED)
    n = shape.ticks
    received = BEGIN_US + np.cumsum(rng.exponential(shape.mean_gap_us, n).astype(np.int64) + 1)
    symbol = (rng.random(n) ** 2 * shape.symbols).astype(np.int64)
    broker = np.arange(n) % shape.brokers
    mid = _walk(symbol, rng.normal(0.0, 1e-5, n), 1 + rng.random(shape.symbols))
    twice = rng.random(n) < REDELIVERED
    start_us, end_us = floor_second(BEGIN_US), second_after(int(received[-1]))
    scripts = []
    for b, name in enumerate(shape.broker_names):
        mine = np.flatnonzero(broker == b)
        ticks = _ticks(shape.symbol_names, symbol[mine], received[mine], mid[mine])
        ticks = ticks.take(np.repeat(np.arange(len(mine)), 1 + twice[mine]))
        counts = np.bincount(ticks.symbol, minlength=shape.symbols).tolist()
        rows = tuple(
            LedgerRow(0, text, count, published=count) for text, count in zip(shape.symbol_names, counts, strict=True)
        )
        sessions = (Session(0, start_us, ((start_us, end_us),)),)
        scripts.append(
            Script(name, Feed.SIMULATED, start_us, end_us, sessions, ticks, Ledger(name, Feed.SIMULATED, rows))
        )
    return tuple(scripts)


def _walk(symbol: np.ndarray, step: np.ndarray, first: np.ndarray) -> np.ndarray:
    """One random walk per symbol over the ticks of all brokers."""
    mid = np.empty(len(symbol))
    for s, start in enumerate(first.tolist()):
        mine = np.flatnonzero(symbol == s)
        mid[mine] = start * np.cumprod(1 + step[mine])
    return mid


def _ticks(names: tuple[str, ...], symbol: np.ndarray, received: np.ndarray, mid: np.ndarray) -> Ticks:
    n = len(symbol)
    bid, ask = np.round(mid - HALF_SPREAD, 5), np.round(mid + HALF_SPREAD, 5)
    timed = np.ones(n, np.bool_)
    return Ticks(
        symbols=names, symbol=symbol, received_us=received, event_us=received - TRANSIT_US, timed=timed,
        bid=bid, ask=ask, bid_size=np.full(n, SIZE), ask_size=np.full(n, SIZE), line=np.zeros(n, np.int64),
        session=np.full(n, floor_second(BEGIN_US), np.int64), sequence=_counted(symbol),
        flags=flags_of(bid, ask, timed),
    )  # fmt: skip


def _counted(symbol: np.ndarray) -> np.ndarray:
    """1, 2, 3, … per symbol."""
    sequence = np.empty(len(symbol), np.int64)
    for s in np.unique(symbol).tolist():
        mine = np.flatnonzero(symbol == s)
        sequence[mine] = np.arange(1, len(mine) + 1)
    return sequence

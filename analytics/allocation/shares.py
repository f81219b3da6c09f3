"""An amount in parts that add up to it exactly: the largest remainder, in whole numbers."""

from datetime import date
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]
_BEYOND: Final = 1 << 63
"""What no longer fits an int64."""


def apportion(amount: int, weights: Whole) -> Whole:
    """The amount by the weights, which are 0 or more and not all 0. An amount below 0 gives parts below 0.

    Each part is its exact share, rounded to one of its two neighbours; the units that are left over when all are
    rounded towards 0 go to the largest remainders, of equal ones to the first. So a weight of 0 gets nothing.
    """
    size, total = abs(amount), _total(weights)
    if total <= 0 or int(weights.min()) < 0:
        raise ValueError("weights must be 0 or more, and one of them more")
    each, rest = divmod(size, total)
    # amount x weight = (each x total + rest) x weight, where rest is below total: a product that seldom is wide.
    if rest * int(weights.max()) < _BEYOND and total < _BEYOND:
        over, left = np.divmod(rest * weights, total)
        parts = each * weights + over
        _give(parts, left, size - int(parts.sum()))
    else:
        parts = _wide(size, total, weights)
    return parts if amount >= 0 else -parts


def _total(weights: Whole) -> int:
    if not len(weights):
        return 0
    if int(weights.max()) * len(weights) < _BEYOND:
        return int(weights.sum())
    return sum(weights.tolist())


def _give(parts: Whole, left: Whole, missing: int) -> None:
    """One more to each of the `missing` largest remainders."""
    if missing == 0:
        return
    edge = np.partition(left, len(left) - missing)[len(left) - missing]
    above = left > edge
    parts[above] += 1
    parts[np.flatnonzero(left == edge)[: missing - int(above.sum())]] += 1


def _wide(size: int, total: int, weights: Whole) -> Whole:
    """The same where products do not fit an int64: slow, and exact."""
    both = [divmod(size * weight, total) for weight in weights.tolist()]
    parts = np.array([over for over, _ in both], dtype=np.int64)
    first = sorted(range(len(both)), key=lambda at: (-both[at][1], at))[: size - int(parts.sum())]
    parts[first] += 1
    return parts


def of_days(amount: int, days: int) -> Whole:
    """An amount by days alike."""
    return apportion(amount, np.ones(days, dtype=np.int64))


def until(amount: int, days: int, past: int) -> int:
    """What the first `past` of `days` days carry of an amount: `of_days` added up, by arithmetic of its own."""
    each, over = divmod(abs(amount), days)
    told = each * past + min(over, past)
    return told if amount >= 0 else -told


def in_month(amount: int, start: date, end: date, first: date, after: date) -> int:
    """What of a charge over [start, end) the days in [first, after) carry. One that ends as it starts is of one day."""
    days = max((end - start).days, 1)
    begin, past = (min(max((day - start).days, 0), days) for day in (first, after))
    return until(amount, days, past) - until(amount, days, begin)


def unused(amount: int, provisioned: Fraction, used: Fraction) -> int:
    """What of an amount stands for capacity that nobody used: amount x (1 - used / provisioned), rounded towards 0.

    Where more was used than provisioned, nothing.
    """
    share = max(1 - used / provisioned, Fraction(0))
    size = int(abs(amount) * share)
    return size if amount >= 0 else -size

"""Derived prices: rounded once, to decimals, so that equal prices are equal numbers."""

import math


def rounded(value: float, decimals: int) -> float:
    """`value` to the nearest multiple of 10^-decimals, ties to even; infinite where that overflows."""
    scale = 10.0**decimals
    scaled = value * scale
    return round(scaled) / scale if math.isfinite(scaled) else scaled


def median(values: list[float]) -> float | None:
    """The middle one, or the mean of the middle two; None of nothing."""
    if not values:
        return None
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def nearest_rank(ordered: list[int], percent: int) -> int:
    """The smallest value that at least `percent` percent of the ordered, non-empty values do not exceed."""
    return ordered[(percent * len(ordered) + 99) // 100 - 1]

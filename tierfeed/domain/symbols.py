"""Canonical symbols and the digits their prices carry."""

import re

CANONICAL = re.compile(r"[A-Z0-9]{3,16}")
YEN_DIGITS, OTHER_DIGITS = 3, 5


def price_digits(symbol: str) -> int:
    """Decimal places of a quoted price: 3 where the quote currency is JPY, else 5 (one tenth of a pip)."""
    return YEN_DIGITS if symbol.endswith("JPY") else OTHER_DIGITS


def pip(symbol: str) -> float:
    """0.01 for JPY pairs, 0.0001 for the others."""
    return 0.01 if symbol.endswith("JPY") else 0.0001

"""Values as people read them, the same on a terminal and on a page."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

from analytics.figures import Figure, Status
from analytics.reports.page import Cell, Unit

NO_DATA: Final = "no data"
MINUS: Final = "\N{MINUS SIGN}"
SPACE: Final = "\N{NO-BREAK SPACE}"
"""Between a number and its unit."""
STATUS: Final[Mapping[Status, str]] = {
    Status.OK: "ok",
    Status.INSUFFICIENT_DATA: "not enough data",
    Status.NO_SOURCE: "no source",
    Status.NOT_APPLICABLE: "not applicable",
    Status.UNDER_METERED: "under-metered",
}
_BARE: Final = frozenset({"", "count", "number", "score", "text", "date"})
"""Units that are not written."""
_SHORT: Final = {"csat": "CSAT", "fxcm": "FXCM", "nps": "NPS", "roi": "ROI", "sla": "SLA", "usd": "USD"}
_SUFFIX: Final = re.compile(r"_(usd|microusd|percent|ms)$")


def written(value: Cell, unit: str = Unit.TEXT) -> str:
    """A value in its unit; a unit that Unit does not have is a word after the number. None: no data."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return NO_DATA
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    if isinstance(value, date | str):
        return str(value)
    exact = exactly(value)
    amount = abs(exact)
    match unit.lower():
        case Unit.USD:
            shown = f"${_rounded(amount, 2)}"
        case Unit.PERCENT | "%":
            shown = f"{_rounded(amount, 2)}{SPACE}%"
        case bare if bare in _BARE:
            shown = _shortest(amount)
        case _:
            shown = f"{_shortest(amount)}{SPACE}{unit}"
    return f"{MINUS}{shown}" if exact < 0 and any(digit in shown for digit in "123456789") else shown


def exactly(value: float | Decimal) -> Decimal:
    """A float's shortest text is what is meant by it."""
    return value if isinstance(value, Decimal) else Decimal(str(value))


def _rounded(amount: Decimal, places: int) -> str:
    """With so many decimals; what would read as nothing and is not has its first two digits instead."""
    if 0 < amount < Decimal(1).scaleb(-places) / 2:
        return f"{amount.quantize(Decimal(1).scaleb(amount.adjusted() - 1)):f}"
    return f"{amount:,.{places}f}"


def _shortest(amount: Decimal) -> str:
    text = _rounded(amount, 2)
    return text.rstrip("0").rstrip(".") if "." in text else text


def worded(name: str) -> str:
    """A metric's name without what its unit tells anyway: `sla_compliance_percent` is SLA compliance."""
    words = [_SHORT.get(word, word) for word in _SUFFIX.sub("", name).split("_")]
    text = " ".join(words)
    return text[:1].upper() + text[1:]


def value_of(figure: Figure) -> str:
    return written(figure.value, figure.unit)


def why(figure: Figure) -> str:
    """What is to be said of a figure besides its value: nothing where all is well."""
    if figure.status is Status.OK:
        return ""
    return STATUS[figure.status] + (f": {figure.reason}" if figure.reason else "")


def basis(figure: Figure) -> str:
    """What a figure rests on: how many observations, of when, and what it is made of."""
    span = f"{written(figure.start)} to {written(figure.end)}"
    if figure.start.time() == figure.end.time() == figure.start.min.time():
        span = f"{figure.start:%Y-%m-%d} to {figure.end:%Y-%m-%d}"
    told = [span] if figure.n is None else [f"n = {figure.n:,}", span]
    told += [f"{worded(name)}: {written(value)}" for name, value in figure.parts.items()]
    return "; ".join(told)

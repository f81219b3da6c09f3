"""The rate card: what a month of serving is taken to cost, and what the same would cost with a line for each user."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

from analytics.figures import MICRO
from tierfeed.domain.yamls import Document
from tierfeed.errors import ConfigError
from tierfeed.settings import read_document

RATES: Final = Path(__file__).with_name("rates.yaml")
_KEYS: Final = ("version", "lines", "user_usd", "traditional_basis")
_LINE: Final = ("what", "count", "each_usd", "traditional_usd")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the card: so many, at a price each; `traditional_microusd`: what each user would need of his own."""

    name: str
    what: str
    count: int
    each_microusd: int
    traditional_microusd: int


@dataclass(frozen=True, slots=True)
class RateCard:
    """Prices of a month. `user_microusd`: what each user adds; `traditional_basis`: what the traditional rest on."""

    version: str
    lines: tuple[Line, ...]
    user_microusd: int
    traditional_basis: str

    @property
    def base_microusd(self) -> int:
        """What the service costs before anybody uses it."""
        return sum(line.count * line.each_microusd for line in self.lines)

    @property
    def traditional_microusd(self) -> int:
        """What one user costs where everybody has a line of his own."""
        return sum(line.traditional_microusd for line in self.lines)


def rate_card(file: Path = RATES) -> RateCard:
    """Read a card. Raises ConfigError with every problem, and where it is."""
    return parse_rates(read_document(file, "the rate card"))


def parse_rates(document: Document) -> RateCard:
    """Check a card whole. Raises ConfigError with every problem, and where it is."""
    card = document.value
    problems = list(document.problems())
    problems += [f"{document.where(*path)}: {'.'.join(path)} {told}".rstrip() for path, told in _problems(card)]
    if problems:
        raise ConfigError(problems)
    lines = tuple(
        Line(name, row["what"], row["count"], _microusd(row["each_usd"]), _microusd(row["traditional_usd"]))
        for name, row in card["lines"].items()
    )
    return RateCard(card["version"], lines, _microusd(card["user_usd"]), card["traditional_basis"])


def _problems(card: Any) -> Iterator[tuple[tuple[str, ...], str]]:
    if not isinstance(card, dict):
        yield (), f"must map {', '.join(_KEYS)}, was {card!r}"
        return
    for key in card.keys() - set(_KEYS):
        yield (str(key),), f"is not known; there are {', '.join(_KEYS)}"
    for key in ("version", "traditional_basis"):
        if not _is_text(card.get(key)):
            yield (key,), f"must be text, was {card.get(key)!r}"
    yield from _money(card, (), "user_usd")
    lines = card.get("lines")
    if not (isinstance(lines, dict) and lines and all(isinstance(row, dict) for row in lines.values())):
        yield ("lines",), f"must map names to {', '.join(_LINE)}, was {lines!r}"
        return
    for name, row in lines.items():
        yield from _line(("lines", str(name)), row)


def _line(path: tuple[str, ...], row: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    for key in row.keys() - set(_LINE):
        yield (*path, str(key)), f"is not known; there are {', '.join(_LINE)}"
    if not _is_text(row.get("what")):
        yield (*path, "what"), f"must be text, was {row.get('what')!r}"
    count = row.get("count")
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        yield (*path, "count"), f"must be a whole number of at least 0, was {count!r}"
    yield from _money(row, path, "each_usd")
    yield from _money(row, path, "traditional_usd")


def _money(row: dict[str, Any], path: tuple[str, ...], key: str) -> Iterator[tuple[tuple[str, ...], str]]:
    value = row.get(key)
    try:
        amount = Decimal(value) * MICRO if isinstance(value, str) else None
    except InvalidOperation:
        amount = None
    if amount is None or not amount.is_finite() or amount < 0 or amount != int(amount):
        yield (*path, key), f'must be dollars in quotes, such as "2.50", with six decimals at most, was {value!r}'


def _microusd(text: str) -> int:
    return int(Decimal(text) * MICRO)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())

"""What a cell of a file may hold: its text, as people write it, and its value, as it is stored.

Each kind of cell reads a text that is not empty, and raises ValueError with the words that follow "must be"; it writes
what it reads back to the same value.
"""

import json
import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final, Protocol

from analytics.figures import MICRO, usd
from tierfeed.domain.tenants import TENANT_ID

YEARS: Final = (2000, 2099)
"""What is outside is a slip of the pen."""
MOST_USD: Final = 1_000_000_000
"""Larger amounts are no money of this house; thousands of them still fit 64 bits in micro-dollars."""
_MONEY: Final = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,6})?")
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")


class Cell(Protocol):
    """One kind of value."""

    @property
    def about(self) -> str:
        """What follows "must be"."""

    def read(self, text: str) -> Any: ...

    def write(self, value: Any) -> str: ...


@dataclass(frozen=True, slots=True)
class Text:
    """Any text."""

    about: str = "a text without control characters"

    def read(self, text: str) -> str:
        if not _is_text(text):
            raise ValueError(self.about)
        return text

    def write(self, value: str) -> str:
        return value


@dataclass(frozen=True, slots=True)
class TenantId:
    """A tenant's id."""

    about: str = "a tenant's id: at most 40 of a-z, 0-9, '-' and '_', a letter or digit first"

    def read(self, text: str) -> str:
        if not TENANT_ID.fullmatch(text):
            raise ValueError(self.about)
        return text

    def write(self, value: str) -> str:
        return value


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of a few words."""

    values: tuple[str, ...]

    @property
    def about(self) -> str:
        return f"one of {', '.join(self.values)}"

    def read(self, text: str) -> str:
        if text not in self.values:
            raise ValueError(self.about)
        return text

    def write(self, value: str) -> str:
        return value


@dataclass(frozen=True, slots=True)
class Money:
    """Dollars in decimals; stored as whole micro-dollars."""

    may_be_negative: bool = False

    @property
    def about(self) -> str:
        sign = "" if self.may_be_negative else " of at least 0"
        return f"dollars such as 49.00{sign}, at most {MOST_USD:,}, with at most 6 decimals"

    def read(self, text: str) -> int:
        if not _MONEY.fullmatch(text):
            raise ValueError(self.about)
        micro = int(Decimal(text).scaleb(6))
        if abs(micro) > MOST_USD * MICRO or (micro < 0 and not self.may_be_negative):
            raise ValueError(self.about)
        return micro

    def write(self, value: int) -> str:
        """With two decimals, or as many as it needs."""
        whole, _, rest = f"{usd(value):f}".partition(".")
        return f"{whole}.{rest.rstrip('0'):0<2}"


@dataclass(frozen=True, slots=True)
class Day:
    """A day; with `or_midnight` its first moment, too, as billing exports write it."""

    or_midnight: bool = False

    @property
    def about(self) -> str:
        return f"a day such as 2026-10-01{', or its midnight in UTC' if self.or_midnight else ''}"

    def read(self, text: str) -> date:
        if _DAY.fullmatch(text):
            return _in_years(date.fromisoformat(text))
        if self.or_midnight:
            at = _moment(text)
            if at.time() == datetime.min.time():
                return _in_years(at.date())
        raise ValueError(self.about)

    def write(self, value: date) -> str:
        return value.isoformat()


@dataclass(frozen=True, slots=True)
class Month:
    """A month, stored as its first day."""

    about: str = "a month such as 2026-10"

    def read(self, text: str) -> date:
        if not re.fullmatch(r"\d{4}-\d\d", text):
            raise ValueError(self.about)
        return _in_years(date.fromisoformat(f"{text}-01"))

    def write(self, value: date) -> str:
        return f"{value:%Y-%m}"


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment, UTC where it names no zone."""

    about: str = "a moment such as 2026-10-01T14:30:00Z, UTC where it names no zone"

    def read(self, text: str) -> datetime:
        if _DAY.fullmatch(text):
            raise ValueError(self.about)  # a day is no moment: which end of it is meant?
        at = _moment(text)
        _in_years(at.date())
        return at

    def write(self, value: datetime) -> str:
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Count:
    """A whole number."""

    least: int
    most: int

    @property
    def about(self) -> str:
        return f"a whole number from {self.least} to {self.most}"

    def read(self, text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text) or not self.least <= int(text) <= self.most:
            raise ValueError(self.about)
        return int(text)

    def write(self, value: int) -> str:
        return str(value)


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""

    about: str = "true or false"

    def read(self, text: str) -> bool:
        if text.lower() not in ("true", "false"):
            raise ValueError(self.about)
        return text.lower() == "true"

    def write(self, value: bool) -> str:
        return "true" if value else "false"


@dataclass(frozen=True, slots=True)
class Words:
    """Words, separated by semicolons, each once."""

    about: str = "words separated by ';', each once, such as pro;enterprise"

    def read(self, text: str) -> list[str]:
        words = [word.strip() for word in text.split(";")]
        if not (all(words) and _is_text(text)) or len({*words}) < len(words):
            raise ValueError(self.about)
        return words

    def write(self, value: Sequence[str]) -> str:
        return ";".join(value)


@dataclass(frozen=True, slots=True)
class Tags:
    """Names with their texts, as a JSON object."""

    about: str = 'a JSON object of texts such as {"broker": "fxcm"}'

    def read(self, text: str) -> dict[str, str]:
        try:
            found = json.loads(text, object_pairs_hook=once, parse_float=str, parse_int=str, parse_constant=_refused)
        except ValueError:
            raise ValueError(self.about) from None
        if not isinstance(found, dict):
            raise ValueError(self.about)
        texts = {name: "true" if value is True else value for name, value in found.items()}  # so FOCUS marks no value
        if not all(name and _is_text(name) and isinstance(of, str) and _is_text(of) for name, of in texts.items()):
            raise ValueError(self.about)
        return dict(sorted(texts.items()))

    def write(self, value: Mapping[str, str]) -> str:
        return json.dumps(dict(sorted(value.items())), ensure_ascii=False)


def _is_text(text: str) -> bool:
    """JSON can hold halves of characters, which no database takes."""
    return not any(unicodedata.category(each) in ("Cs", "Cc") and each not in "\t\r\n" for each in text)


def once(pairs: Collection[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object. Raises ValueError where a name is given twice: JSON would let the last one win."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{', '.join(sorted({name for name in names if names.count(name) > 1}))} is given twice")
    return found


def _refused(constant: str) -> str:
    raise ValueError(f"{constant} is no number")


def _moment(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(Moment().about) from None


def _in_years(day: date) -> date:
    first, last = YEARS
    if not first <= day.year <= last:
        raise ValueError(f"of the years {first} to {last}")
    return day

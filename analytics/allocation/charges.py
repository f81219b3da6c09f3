"""A charge, as far as its allocation asks."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Final

PROVISIONED: Final = "provisioned"
USED: Final = "used"
_NUMBER: Final = re.compile(r"[0-9]{1,18}([.][0-9]{1,18})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """One charge over the days in [start, end); `microusd` is its effective cost, below 0 where it is a credit."""

    charge: str
    start: date
    end: date
    microusd: int
    service_name: str = ""
    service_category: str = ""
    charge_category: str = ""
    resource_id: str = ""
    resource_name: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    is_synthetic: bool = False

    def capacity(self) -> tuple[Fraction, Fraction] | None:
        """(provisioned, used), where the tags tell both."""
        told = self.tags.get(PROVISIONED), self.tags.get(USED)
        numbers = [_number(text) for text in told]
        provisioned, used = numbers
        return None if provisioned is None or used is None or provisioned == 0 else (provisioned, used)

    def problem(self) -> str | None:
        """Why its capacity is not known though its tags speak of it."""
        if self.capacity() is not None or not self.tags.keys() & {PROVISIONED, USED}:
            return None
        told = " and ".join(f"{name} {self.tags.get(name)!r}" for name in (PROVISIONED, USED))
        return f"charge {self.charge}: nothing of it is called idle, for its tags are {told}"


def _number(text: str | None) -> Fraction | None:
    return Fraction(text) if text is not None and _NUMBER.fullmatch(text) else None

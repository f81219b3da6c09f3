"""What must hold after every run, and is looked at after every run."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from analytics.allocation.allocate import Line, Part
from analytics.allocation.charges import Charge
from analytics.allocation.rules import Dimension
from analytics.allocation.shares import in_month
from analytics.allocation.world import World
from tierfeed.errors import TierfeedError


class AllocationError(TierfeedError):
    """A bug of ours: parts do not add up to what they are of. Nothing of the run may be used."""


@dataclass(slots=True)
class Balance:
    """Charges against their parts, in micro-dollars."""

    origin: Mapping[str, int]
    found: dict[str, dict[Line, int]] = field(default_factory=dict)
    rows: int = 0

    def watch(self, parts: Iterable[Part]) -> Iterator[Part]:
        """The parts as they come; when all have come, raises AllocationError if they do not add up."""
        for part in parts:
            of = self.found.setdefault(part.charge.charge, dict.fromkeys(Line, 0))
            of[part.line] += int(part.microusd.sum())
            self.rows += len(part.microusd)
            if (why := _wrong(part)) is not None:
                raise AllocationError(f"charge {part.charge.charge}, {part.line}: {why}")
            yield part
        if told := list(self.problems()):
            raise AllocationError("; ".join(told))

    def total(self, line: Line | None = None) -> int:
        return sum(of[each] for of in self.found.values() for each in Line if line in (None, each))

    def problems(self) -> Iterator[str]:
        for charge in sorted({*self.origin} | {*self.found}):
            origin, of = self.origin.get(charge, 0), self.found.get(charge, dict.fromkeys(Line, 0))
            if sum(of.values()) != origin:
                lines = " + ".join(f"{each} {of[each]:,}" for each in Line)
                yield f"charge {charge} is of {origin:,} micro-dollars in the month, its parts are {lines}"


def balance(charges: Iterable[Charge], world: World) -> Balance:
    """What the charges come to in the world's month, by arithmetic that allocation does not use."""
    return Balance(
        {each.charge: in_month(each.microusd, each.start, each.end, world.first, world.after) for each in charges}
    )


def _wrong(part: Part) -> str | None:
    """Signs and names: a credit costs nobody anything, and what is allocated is somebody's."""
    if (part.microusd > 0).any() and (part.microusd < 0).any():
        return "some of its parts cost and some give back"
    if int(part.microusd[0]) * part.charge.microusd < 0:
        return "its parts are against its sign"
    if part.line is Line.ALLOCATED and not part.cells.whose[Dimension.TENANT].all():
        return "some of it is allocated to nobody"
    if part.line is not Line.ALLOCATED and part.cells.whose[Dimension.TENANT].any():
        return "a tenant is named for what is not allocated"
    return None

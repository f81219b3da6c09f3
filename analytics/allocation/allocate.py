"""Share charges by their rules: every micro-dollar with a tenant, or on a line that says why not.

A charge is spread over its days first. What stands for unused capacity is set apart. The rest of each day goes by the
day's weights, or by the whole month's where the day has none: servers of a market that is closed on Saturdays cost on
Saturdays, and they stand there for those who use them on Mondays; whether they are billed by the day or by the month.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from analytics.allocation.charges import Charge
from analytics.allocation.plans import Plan, Plans, within
from analytics.allocation.rules import Class, Dimension, Rule, Rules
from analytics.allocation.shares import Whole, apportion, of_days, unused
from analytics.allocation.world import NOBODY, Cells, World


class Line(StrEnum):
    """Where a part of a charge stands."""

    ALLOCATED = "allocated"
    IDLE = "idle"
    UNALLOCATED = "unallocated"


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one charge that have line, rule and method in common; none of them is of 0.

    `method` is how; of what is unallocated, why not. `rule` is None where none matched.
    """

    charge: Charge
    rule: Rule | None
    line: Line
    kind: Class
    method: str
    cells: Cells
    microusd: Whole


def allocate(charges: Iterable[Charge], rules: Rules, world: World) -> Iterator[Part]:
    """The parts of what the charges come to in the world's month, charge by charge, overhead last.

    The same charges, rules and world give the same parts, in whatever order they are told.
    """
    plans, direct = Plans(world), _Direct(world)
    last: list[tuple[Charge, Rule]] = []
    for charge in sorted(charges, key=lambda each: each.charge):
        rule = rules.of(charge)
        if rule is not None and rule.kind is Class.OVERHEAD:
            last.append((charge, rule))
            continue
        for part in _parts(charge, rule, plans, world):
            direct.bear(part)
            yield part
    plans.direct = direct.cells()
    for charge, rule in last:
        yield from _parts(charge, rule, plans, world)


def _parts(charge: Charge, rule: Rule | None, plans: Plans, world: World) -> Iterator[Part]:
    length = max((charge.end - charge.start).days, 1)
    begin = (charge.start - world.first).days
    days = range(max(begin, 0), min(begin + length, world.days))
    if charge.microusd == 0 or not days:
        return
    amounts, here = of_days(charge.microusd, length), slice(days.start - begin, days.stop - begin)
    if rule is None:
        yield from _told(charge, None, Line.UNALLOCATED, Class.SHARED, "no rule matches", days, amounts[here])
        return
    if rule.method is None:
        yield from _told(charge, rule, Line.IDLE, Class.IDLE, "idle", days, amounts[here])
        return
    idle = np.zeros_like(amounts)
    if (capacity := charge.capacity()) is not None:
        idle = apportion(unused(charge.microusd, *capacity), np.abs(amounts))
        if rule.is_idle_shared:
            yield from _shared(charge, rule, Class.IDLE, days, idle[here], plans)
        else:
            method = f"idle: {charge.tags['used']} of {charge.tags['provisioned']} used"
            yield from _told(charge, rule, Line.IDLE, Class.IDLE, method, days, idle[here])
    yield from _shared(charge, rule, rule.kind, days, (amounts - idle)[here], plans)


def _shared(charge: Charge, rule: Rule, kind: Class, days: range, amounts: Whole, plans: Plans) -> Iterator[Part]:
    plan = plans.of(rule, charge)
    if isinstance(plan, str):
        yield from _told(charge, rule, Line.UNALLOCATED, kind, plan, days, amounts)
        return
    given, left = _Rows(), _Rows()
    for day, amount in zip(days, amounts.tolist(), strict=True):
        _day(plan, day, amount, given, left)
    yield from given.part(charge, rule, Line.ALLOCATED, kind, plan.method)
    yield from left.part(charge, rule, Line.UNALLOCATED, kind, f"all weights are zero: {plan.method}")


def _day(plan: Plan, day: int, amount: int, given: "_Rows", left: "_Rows") -> None:
    outer = plan.outer.of((), day)
    if outer is None:
        left.add(_nobody([day]), np.array([amount], dtype=np.int64))
        return
    parts = apportion(amount, outer.weight)
    if plan.inner is None:
        given.add(outer, parts)
        return
    for at, part in enumerate(parts.tolist()):
        inner = plan.inner.of(within(outer, at, plan.groups), day)
        if inner is None:
            left.add(_cell(outer, at), np.array([part], dtype=np.int64))
        else:
            given.add(inner, apportion(part, inner.weight))


class _Rows:
    """Collects rows of a part."""

    def __init__(self) -> None:
        self._cells: list[Cells] = []
        self._microusd: list[Whole] = []

    def add(self, cells: Cells, microusd: Whole) -> None:
        self._cells.append(cells)
        self._microusd.append(microusd)

    def part(self, charge: Charge, rule: Rule | None, line: Line, kind: Class, method: str) -> Iterator[Part]:
        """The part, if it has any rows."""
        if not self._cells:
            return
        microusd = np.concatenate(self._microusd)
        kept = microusd != 0
        if not kept.any():
            return
        whose = {each: np.concatenate([cells.whose[each] for cells in self._cells])[kept] for each in Dimension}
        day = np.concatenate([cells.day for cells in self._cells])[kept]
        weight = np.concatenate([cells.weight for cells in self._cells])[kept]
        yield Part(charge, rule, line, kind, method, Cells(day, whose, weight), microusd[kept])


def _told(
    charge: Charge, rule: Rule | None, line: Line, kind: Class, method: str, days: range, amounts: Whole
) -> Iterator[Part]:
    """Nobody's, day by day."""
    rows = _Rows()
    rows.add(_nobody(days), amounts)
    yield from rows.part(charge, rule, line, kind, method)


def _nobody(days: Sequence[int]) -> Cells:
    day = np.array(days, dtype=np.int32)
    nobody = np.full(len(day), NOBODY, dtype=np.int32)
    return Cells(day, dict.fromkeys(Dimension, nobody), np.zeros(len(day), dtype=np.int64))


def _cell(cells: Cells, at: int) -> Cells:
    """One of them, without its weight."""
    one = slice(at, at + 1)
    return Cells(cells.day[one], {each: codes[one] for each, codes in cells.whose.items()}, np.zeros(1, dtype=np.int64))


class _Direct:
    """What each tenant bears of the month's direct cost, by tier."""

    def __init__(self, world: World) -> None:
        self._tiers = len(world.names.of[Dimension.TIER])
        self._moved = 0
        self._borne = np.zeros(len(world.names.of[Dimension.TENANT]) * self._tiers, dtype=np.int64)

    def bear(self, part: Part) -> None:
        if part.line is Line.ALLOCATED and part.kind is Class.DIRECT:
            whose = part.cells.whose
            self._moved += abs(int(part.microusd.sum()))
            if self._moved >= 1 << 63:
                raise OverflowError("direct costs add up to more than 64 bits hold")
            at = whose[Dimension.TENANT].astype(np.int64) * self._tiers + whose[Dimension.TIER]
            np.add.at(self._borne, at, part.microusd)

    def cells(self) -> Cells:
        """Who was given back more than he bore weighs nothing."""
        at = np.flatnonzero(self._borne > 0)
        nobody = np.full(len(at), NOBODY, dtype=np.int32)
        whose = dict.fromkeys(Dimension, nobody)
        tenant, tier = np.divmod(at, self._tiers)
        whose |= {Dimension.TENANT: tenant.astype(np.int32), Dimension.TIER: tier.astype(np.int32)}
        return Cells(nobody, whose, self._borne[at])

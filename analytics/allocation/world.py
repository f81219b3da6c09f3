"""What metrics know of a month, in columns: who consumed what, and what was published, kept and sent."""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.allocation.charges import Charge
from analytics.allocation.rules import TAG, Dimension, Metric, Rules
from analytics.allocation.shares import Whole

Codes = NDArray[np.int32]
NOBODY: Final = 0
"""The code of the empty name, which comes before every other."""

_MOST: Final = 9e18
"""A little less than the largest int64."""


@dataclass(frozen=True, slots=True)
class Names:
    """The names of a dimension in order; their places are their codes. The empty one is always there."""

    of: Mapping[Dimension, tuple[str, ...]]

    def code(self, dimension: Dimension, name: str) -> int | None:
        names = self.of[dimension]
        found = bisect_left(names, name)
        return found if found < len(names) and names[found] == name else None


def names_of(found: Mapping[Dimension, Iterable[str]], charges: Iterable[Charge], rules: Rules) -> Names:
    """Those that were found, and those that charges and rules speak of: a charge may be of one who consumed nothing."""
    names = {each: {"", *found.get(each, ())} for each in Dimension}
    listed = tuple(charges)
    for rule in rules.rules:
        if rule.shares_over is not None:
            names[rule.shares_over] |= {*rule.shares}
        for dimension, values in rule.scope.items():
            tags = {each.removeprefix(TAG) for each in values if each.startswith(TAG)}
            names[dimension] |= {each for each in values if not each.startswith(TAG)}
            names[dimension] |= {charge.tags[tag] for charge in listed for tag in tags & charge.tags.keys()}
    return Names({each: tuple(sorted(found)) for each, found in names.items()})


@dataclass(frozen=True, slots=True)
class Cells:
    """Weights of 0 or more by day and whose they are. Columns of equal length; days count from the month's first."""

    day: Codes
    whose: Mapping[Dimension, Codes]
    weight: Whole

    def __len__(self) -> int:
        return len(self.weight)


Row = tuple[int, str, str, str, str, int]
"""(day, tenant, tier, broker, symbol, weight)"""


def cells_of(rows: Sequence[Row], names: Names) -> Cells:
    """Of single rows: for few."""
    codes = {each: {name: code for code, name in enumerate(names.of[each])} for each in Dimension}
    whose = {
        each: np.array([codes[each][row[at]] for row in rows], dtype=np.int32)  # type: ignore[index]
        for at, each in enumerate(Dimension, start=1)
    }
    return Cells(
        np.array([row[0] for row in rows], dtype=np.int32), whose, np.array([row[5] for row in rows], dtype=np.int64)
    )


@dataclass(frozen=True, slots=True)
class World:
    """A month: its first day, the one after its last, and what is known of it.

    `cells` has no key for a metric without a source; of one with a source that told of nothing it has no rows.
    """

    first: date
    after: date
    names: Names
    cells: Mapping[Metric, Cells]

    @property
    def days(self) -> int:
        return (self.after - self.first).days

    def day(self, number: int) -> date:
        return self.first + timedelta(days=number)


@dataclass(frozen=True, slots=True)
class Grouped:
    """Cells added up, in the order of (group, day, tenant, tier, broker, symbol), and where each group's day begins.

    A group is the values of some dimensions; `at` maps (group, day) to its slice. Without days all is under day 0.
    """

    cells: Cells
    at: Mapping[tuple[tuple[int, ...], int], slice]


def grouped(
    cells: Cells, by: Collection[Dimension], groups: Sequence[Dimension], names: Names, *, together: bool = False
) -> Grouped:
    """Add up by day and `by`, or all days `together`. `groups` are among `by`. Weights of 0 go."""
    sizes = {each: len(names.of[each]) for each in Dimension}
    kept = cells.weight > 0
    day = np.zeros(int(kept.sum()), dtype=np.int32) if together else cells.day[kept]
    days = int(day.max()) + 1 if len(day) else 1
    inner = [each for each in Dimension if each in by and each not in groups]
    columns = [
        *((cells.whose[each][kept], sizes[each]) for each in groups),
        (day, days),
        *((cells.whose[each][kept], sizes[each]) for each in inner),
    ]
    key, weight = _added_up(_key(columns), cells.weight[kept])
    parts = _parts(key, [size for _, size in columns])
    nobody = np.full(len(key), NOBODY, dtype=np.int32)
    told = dict(zip([*groups, *inner], [*parts[: len(groups)], *parts[len(groups) + 1 :]], strict=True))
    whose = {each: told.get(each, nobody) for each in Dimension}
    below = int(np.prod([sizes[each] for each in inner], dtype=np.int64))
    found = Cells(parts[len(groups)], whose, weight)
    return Grouped(found, _slices(key // below, found, groups))


def _key(columns: Sequence[tuple[Codes, int]]) -> Whole:
    key = np.zeros(len(columns[0][0]), dtype=np.int64)
    room = 1
    for codes, size in columns:
        room *= size
        key = key * size + codes
    if room >= 1 << 63:
        raise OverflowError(f"{room:,} combinations of names and days are too many to number")
    return key


def _added_up(key: Whole, weight: Whole) -> tuple[Whole, Whole]:
    """Keys in order, each once, with its sum."""
    if len(key) == 0:
        return key, weight
    if not bool((key[1:] > key[:-1]).all()):
        order = np.argsort(key, kind="stable")
        key, weight = key[order], weight[order]
        begins = np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1])))
        if float(weight.sum(dtype=np.float64)) > _MOST:
            raise OverflowError("weights add up to more than 64 bits hold")
        key, weight = key[begins], np.add.reduceat(weight, begins)
    return key, weight


def _parts(key: Whole, sizes: Sequence[int]) -> list[Codes]:
    found = []
    for size in reversed(sizes):
        key, part = np.divmod(key, size)
        found.append(part.astype(np.int32))
    return found[::-1]


def _slices(group: Whole, cells: Cells, groups: Sequence[Dimension]) -> dict[tuple[tuple[int, ...], int], slice]:
    if len(group) == 0:
        return {}
    begins = np.flatnonzero(np.concatenate(([True], group[1:] != group[:-1]))).tolist()
    ends = [*begins[1:], len(group)]
    return {
        (tuple(int(cells.whose[each][begin]) for each in groups), int(cells.day[begin])): slice(begin, end)
        for begin, end in zip(begins, ends, strict=True)
    }


def only(cells: Cells, allowed: Mapping[Dimension, Collection[int]]) -> Cells:
    """What is of these codes."""
    kept = np.ones(len(cells), dtype=bool)
    for each, codes in allowed.items():
        kept &= np.isin(cells.whose[each], np.array(sorted(codes), dtype=np.int32))
    return Cells(cells.day[kept], {each: codes[kept] for each, codes in cells.whose.items()}, cells.weight[kept])

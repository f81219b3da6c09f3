"""How a rule shares the days of a charge in a given world: which weights, and within what."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from analytics.allocation.charges import Charge
from analytics.allocation.rules import KNOWN, TAG, Dimension, Method, Metric, Rule
from analytics.allocation.world import NOBODY, Cells, Grouped, World, cells_of, grouped, only

EVEN: Final = "even"
Group = tuple[int, ...]
Scope = Mapping[Dimension, tuple[int, ...]]
_TENANTS: Final = (Dimension.TENANT, Dimension.TIER)


@dataclass(frozen=True, slots=True)
class Level:
    """Weights by the day, and those of the month together, for the days that have none."""

    by_day: Grouped | None
    month: Grouped | None

    def of(self, group: Group, day: int) -> Cells | None:
        """The weights of a group on a day, if there are any."""
        for each, at in ((self.by_day, day), (self.month, 0)):
            if each is not None and (found := each.at.get((group, at))) is not None:
                return _on(each.cells, found, day)
        return None


@dataclass(frozen=True, slots=True)
class Plan:
    """A day is shared by `outer`; where it knows no tenants, the part of each of its `groups` by `inner`."""

    method: str
    outer: Level
    groups: tuple[Dimension, ...] = ()
    inner: Level | None = None


class Plans:
    """Plans in one world, each made once. `direct` is what tenants bear of the direct cost, once that is known."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._plans: dict[tuple[object, ...], Plan | str] = {}
        self._grouped: dict[tuple[object, ...], Grouped] = {}
        self.direct: Cells | None = None

    def of(self, rule: Rule, charge: Charge) -> Plan | str:
        """The plan for a charge; or why there is none."""
        scope = self._scope(rule, charge)
        if isinstance(scope, str):
            return scope
        key = (rule.id, tuple(sorted(scope.items())))
        if key not in self._plans:
            self._plans[key] = self._plan(rule, scope)
        return self._plans[key]

    def _scope(self, rule: Rule, charge: Charge) -> Scope | str:
        found: dict[Dimension, tuple[int, ...]] = {}
        for dimension, names in rule.scope.items():
            codes = []
            for name in names:
                tag = name.removeprefix(TAG) if name.startswith(TAG) else None
                if tag is not None and not charge.tags.get(tag):
                    return f"no tag {tag}: the charge does not say whose {dimension} it is"
                code = self._world.names.code(dimension, name if tag is None else charge.tags[tag])
                codes += [] if code is None else [code]
            found[dimension] = tuple(sorted({*codes}))
        return found

    def _plan(self, rule: Rule, scope: Scope) -> Plan | str:
        if rule.method is Method.EVEN and Dimension.TENANT in scope:
            named = dict.fromkeys(scope[Dimension.TENANT], 1)
            return Plan(EVEN, self._tenants(named, scope))
        if rule.method is Method.FIXED:
            return self._fixed(rule, scope)
        if rule.method is Method.EVEN:
            outer = self._active(rule, scope, ())
            return Plan(EVEN, outer) if outer else f"nobody consumed anything that it is for: {EVEN}"
        return self._proportional(rule, scope)

    def _proportional(self, rule: Rule, scope: Scope) -> Plan | str:
        """By the first metric that knows anything of the month."""
        wanting = []
        for metric in rule.metrics:
            cells = self._source(metric)
            level = None if cells is None else self._level(rule, metric, cells, scope)
            if level is None:
                wanting.append(f"no source: {metric}" if cells is None else f"all weights are zero: {metric}")
                continue
            method = f"proportional({metric})" + "".join(f", {why}" for why in wanting)
            if Dimension.TENANT in KNOWN[metric]:
                return Plan(method, level)
            groups = self._groups(rule, metric)
            return Plan(f"{method} then {_then(rule)}", level, groups, self._inner(rule, scope, groups))
        return "; ".join(wanting)

    def _source(self, metric: Metric) -> Cells | None:
        if metric is Metric.DIRECT_COST:
            return self.direct
        of_broker = metric is Metric.CONSUMED_TICKS_OF_BROKER
        return self._world.cells.get(Metric.CONSUMED_TICKS if of_broker else metric)

    def _groups(self, rule: Rule, metric: Metric) -> tuple[Dimension, ...]:
        return tuple(each for each in Dimension if each in KNOWN[metric] & rule.by)

    def _level(self, rule: Rule, metric: Metric, cells: Cells, scope: Scope) -> Level | None:
        known = KNOWN[metric]
        asked = {each: codes for each, codes in scope.items() if each in known}
        by = (rule.by | {Dimension.TENANT} | _single(asked)) & known
        if metric is Metric.DIRECT_COST:
            sums = self._sums(metric, cells, by, (), asked, together=True)
            return Level(None, sums) if sums.at else None
        return self._both(rule, metric, cells, by, (), asked)

    def _inner(self, rule: Rule, scope: Scope, groups: tuple[Dimension, ...]) -> Level:
        """Within each group; without any weight where nobody consumed of it."""
        if rule.then == EVEN:
            found = self._active(rule, scope, groups)
        else:
            cells = self._source(Metric.CONSUMED_TICKS)
            by = rule.by | {Dimension.TENANT, *groups} | _single(scope)
            found = None
            if cells is not None:
                found = self._both(rule, Metric.CONSUMED_TICKS, cells, by, groups, scope)
        return found or Level(None, None)

    def _active(self, rule: Rule, scope: Scope, groups: tuple[Dimension, ...]) -> Level | None:
        """Alike for each tenant and tier of which it consumed."""
        cells = self._source(Metric.CONSUMED_TICKS)
        by = frozenset({*_TENANTS, *groups}) | _single(scope)
        return None if cells is None else self._both(rule, EVEN, cells, by, groups, scope)

    def _fixed(self, rule: Rule, scope: Scope) -> Plan | str:
        """By given shares of tenants; or of tiers, brokers or symbols, and within each among its tenants."""
        over = rule.shares_over
        assert over is not None
        shares = self._shares(rule, over, scope)
        if not shares:
            return "all given shares are zero: fixed"
        if over is Dimension.TENANT:
            return Plan("fixed", self._tenants(shares, scope))
        outer = self._constant(over, shares)
        return Plan(f"fixed then {_then(rule)}", outer, (over,), self._inner(rule, scope, (over,)))

    def _shares(self, rule: Rule, over: Dimension, scope: Scope) -> dict[int, int]:
        names = self._world.names
        shares = {names.code(over, name): share for name, share in rule.shares.items() if share}
        allowed = scope.get(over, shares.keys())
        return {code: share for code, share in shares.items() if code is not None and code in allowed}

    def _constant(self, over: Dimension, shares: Mapping[int, int]) -> Level:
        nobody = np.full(len(shares), NOBODY, dtype=np.int32)
        whose = dict.fromkeys(Dimension, nobody) | {over: np.array(sorted(shares), dtype=np.int32)}
        weight = np.array([shares[code] for code in sorted(shares)], dtype=np.int64)
        cells = Cells(np.zeros(len(shares), dtype=np.int32), whose, weight)
        return Level(None, Grouped(cells, {((), 0): slice(0, len(shares))}))

    def _tenants(self, shares: Mapping[int, int], scope: Scope) -> Level:
        """These tenants, whether they consumed or not; each under the tier of which it consumed, if that was one."""
        names = self._world.names.of
        asked: Scope = {each: scope[each] for each in (Dimension.TIER,) if each in scope}
        asked = {**asked, Dimension.TENANT: tuple(sorted(shares))}
        tiers: dict[int, set[int]] = {}
        if (cells := self._source(Metric.CONSUMED_TICKS)) is not None:
            active = self._sums(Metric.CONSUMED_TICKS, cells, frozenset(_TENANTS), (), asked, together=True).cells
            for tenant, tier in zip(*(active.whose[each].tolist() for each in _TENANTS), strict=True):
                tiers.setdefault(tenant, set()).add(tier)
        given = scope.get(Dimension.TIER, ())
        rows = []
        for tenant, share in sorted(shares.items()):
            of = tiers.get(tenant, {*given})
            tier = names[Dimension.TIER][next(iter(of)) if len(of) == 1 else NOBODY]
            rows.append((0, names[Dimension.TENANT][tenant], tier, "", "", share))
        return Level(None, Grouped(cells_of(rows, self._world.names), {((), 0): slice(0, len(rows))} if rows else {}))

    def _both(
        self,
        rule: Rule,
        what: str,
        cells: Cells,
        by: frozenset[Dimension],
        groups: tuple[Dimension, ...],
        scope: Scope,
    ) -> Level | None:
        """None where there is no weight on any day."""
        by_day = self._sums(what, cells, by, groups, scope)
        if not by_day.at:
            return None
        month = self._sums(what, cells, by, groups, scope, together=True) if rule.are_quiet_days_shared else None
        return Level(by_day, month)

    def _sums(
        self,
        what: str,
        cells: Cells,
        by: frozenset[Dimension],
        groups: tuple[Dimension, ...],
        scope: Scope,
        *,
        together: bool = False,
    ) -> Grouped:
        source = Metric.CONSUMED_TICKS if what == Metric.CONSUMED_TICKS_OF_BROKER else what
        key = (source, by, groups, tuple(sorted(scope.items())), together)
        if key not in self._grouped:
            sums = grouped(only(cells, scope) if scope else cells, by, groups, self._world.names, together=together)
            if what == EVEN:
                ones = np.ones(len(sums.cells), dtype=np.int64)
                sums = Grouped(Cells(sums.cells.day, sums.cells.whose, ones), sums.at)
            self._grouped[key] = sums
        return self._grouped[key]


def _single(scope: Scope) -> frozenset[Dimension]:
    """What a scope leaves no choice of is told in the rows, too."""
    return frozenset(each for each, codes in scope.items() if len(codes) == 1)


def _then(rule: Rule) -> str:
    return EVEN if rule.then == EVEN else f"proportional({rule.then})"


def _on(cells: Cells, at: slice, day: int) -> Cells:
    whose = {each: codes[at] for each, codes in cells.whose.items()}
    weight = cells.weight[at]
    return Cells(np.full(len(weight), day, dtype=np.int32), whose, weight)


def within(cells: Cells, at: int, groups: Collection[Dimension]) -> Group:
    """The group that a cell of an outer level stands for."""
    return tuple(int(cells.whose[each][at]) for each in groups)

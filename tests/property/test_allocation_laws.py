"""Allocation's laws: nothing is lost or made, nobody bears what he has no weight for, and a second run is the first."""

from collections import Counter
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.allocation.allocate import Line, Part, allocate
from analytics.allocation.charges import Charge
from analytics.allocation.check import AllocationError, balance
from analytics.allocation.rules import Class, Dimension, Method, Metric, Rule, Rules
from analytics.allocation.shares import apportion, in_month, of_days
from analytics.allocation.world import World, names_of, only
from tests.property.allocation_worlds import AFTER, FIRST, HUGE, amounts, charges, rules, worlds

unhurried = settings(deadline=None, max_examples=40)
Row = tuple[object, ...]

weights = st.lists(st.one_of(st.integers(0, 5), st.integers(0, HUGE)), min_size=1, max_size=8).filter(any)


def rows_of(parts: list[Part], world: World) -> list[Row]:
    names = world.names.of
    return [
        (
            part.charge.charge, part.rule.id if part.rule else "", part.line, part.kind, part.method,
            *(names[each][part.cells.whose[each][at]] for each in Dimension), int(part.cells.day[at]), money,
        )
        for part in parts
        for at, money in enumerate(part.microusd.tolist())
    ]  # fmt: skip


def rows(told: tuple[Charge, ...], by: Rules, world: World) -> list[Row]:
    return rows_of(list(balance(told, world).watch(allocate(told, by, world))), world)


def by_consumption(by: Rules) -> set[str]:
    """Rules that name nobody, and share by what was consumed."""
    named = (Method.FIXED, None)
    return {
        rule.id
        for rule in by.rules
        if rule.method not in named and rule.kind is not Class.OVERHEAD and Dimension.TENANT not in rule.scope
    }


def by_charge(found: list[Row]) -> Counter[object]:
    sums: Counter[object] = Counter()
    for row in found:
        sums[row[0]] += int(str(row[-1]))
    return sums


@unhurried
@given(amount=amounts, by=weights)
def test_parts_add_up_and_each_is_a_neighbour_of_its_exact_share(amount: int, by: list[int]) -> None:
    parts = apportion(amount, np.array(by, dtype=np.int64)).tolist()
    assert sum(parts) == amount
    exact = [Fraction(amount * weight, sum(by)) for weight in by]
    assert all(abs(part - share) < 1 for part, share in zip(parts, exact, strict=True))
    missed = [abs(share) - abs(part) for part, share in zip(parts, exact, strict=True)]
    more = [lost for lost, part, share in zip(missed, parts, exact, strict=True) if abs(part) > abs(share)]
    less = [lost for lost, part, share in zip(missed, parts, exact, strict=True) if abs(part) < abs(share)]
    # Whoever was given one more had the larger remainder: he lacks no less, seen from the unit below.
    assert not more or not less or min(more) + 1 >= max(less)


@unhurried
@given(amount=amounts, length=st.integers(1, 400), cut=st.integers(0, 400))
def test_a_charge_cut_at_a_months_end_is_whole(amount: int, length: int, cut: int) -> None:
    by_day = of_days(amount, length).tolist()
    assert sum(by_day) == amount
    assert max(by_day) - min(by_day) <= 1
    start, end = FIRST, FIRST.fromordinal(FIRST.toordinal() + length)
    middle, last = (FIRST.fromordinal(FIRST.toordinal() + each) for each in (cut, 1000))
    assert in_month(amount, start, end, start, middle) == sum(by_day[:cut])
    assert in_month(amount, start, end, start, middle) + in_month(amount, start, end, middle, last) == amount


@unhurried
@given(told=charges(), by=rules(), world=worlds())
def test_allocated_idle_and_unallocated_are_the_origin(told: tuple[Charge, ...], by: Rules, world: World) -> None:
    sums = by_charge(rows(told, by, world))
    for charge in told:
        assert sums[charge.charge] == in_month(charge.microusd, charge.start, charge.end, FIRST, AFTER)


@unhurried
@given(told=charges(), by=rules(), world=worlds())
def test_a_second_run_is_the_same_in_whatever_order_charges_come(
    told: tuple[Charge, ...], by: Rules, world: World
) -> None:
    assert rows(told, by, world) == rows(told[::-1], by, world)


@unhurried
@given(told=charges(), by=rules(), world=worlds(), at=st.integers(0, 2), other=rules())
def test_a_toggled_rule_moves_money_and_not_the_total(
    told: tuple[Charge, ...], by: Rules, world: World, at: int, other: Rules
) -> None:
    others = (replace(rule, id=f"other {rule.id}") for rule in other.rules)
    toggled = Rules((*by.rules[:at], *by.rules[at + 1 :], *others))
    assert by_charge(rows(told, by, world)) == by_charge(rows(told, toggled, world))


@unhurried
@given(told=charges(), by=rules(), world=worlds())
def test_without_weights_everything_stays_unallocated(told: tuple[Charge, ...], by: Rules, world: World) -> None:
    weightless = Rules(tuple(rule for rule in by.rules if rule.id in by_consumption(by) or rule.kind is Class.OVERHEAD))
    nothing = World(world.first, world.after, world.names, {})
    for row in rows(told, weightless, nothing):
        assert row[2] is not Line.ALLOCATED
        assert row[2] is Line.IDLE or row[4], "and says why"


@unhurried
@given(told=charges(), by=rules(), world=worlds())
def test_nobody_bears_what_he_has_no_weight_for(told: tuple[Charge, ...], by: Rules, world: World) -> None:
    consumers = {
        (world.names.of[Dimension.TENANT][code])
        for metric in (Metric.CONSUMED_TICKS, Metric.NETWORK_BYTES)
        if metric in world.cells
        for code, weight in zip(world.cells[metric].whose[Dimension.TENANT], world.cells[metric].weight, strict=True)
        if weight
    }
    by_use = by_consumption(by)
    for row in rows(told, by, world):
        if row[2] is Line.ALLOCATED and row[1] in by_use:
            assert row[5] in consumers


@unhurried
@given(told=charges(), by=rules(), world=worlds(), tenant=st.sampled_from(["acme", "globex"]))
def test_a_filtered_view_has_rows_of_the_whole_and_is_not_an_allocation_among_fewer(
    told: tuple[Charge, ...], by: Rules, world: World, tenant: str
) -> None:
    whole = list(allocate(told, by, world))
    code = world.names.code(Dimension.TENANT, tenant)
    assert code is not None
    kept = [only(part.cells, {Dimension.TENANT: {code}}) for part in whole]
    seen = sum(len(cells) for cells in kept)
    assert seen == sum(1 for row in rows_of(whole, world) if row[5] == tenant)


@unhurried
@given(told=charges(), world=worlds())
def test_idle_is_never_against_its_charge_nor_more_than_it(told: tuple[Charge, ...], world: World) -> None:
    rule = Rule(id="r", version="1", kind=Class.SHARED, method=Method.PROPORTIONAL, metrics=(Metric.CONSUMED_TICKS,))
    found = rows(told, Rules((rule,)), world)
    shared = rows(told, Rules((replace(rule, is_idle_shared=True),)), world)
    assert by_charge(found) == by_charge(shared)
    assert not any(row[2] is Line.IDLE for row in shared)
    for charge in told:
        idle = sum(int(str(row[-1])) for row in found if row[0] == charge.charge and row[2] is Line.IDLE)
        whole = in_month(charge.microusd, charge.start, charge.end, FIRST, AFTER)
        assert abs(idle) <= abs(whole)
        assert idle * whole >= 0
        if (capacity := charge.capacity()) is None or capacity[1] >= capacity[0]:
            assert idle == 0
        elif (charge.start, charge.end) >= (FIRST, FIRST) and charge.end <= AFTER and charge.end > charge.start:
            assert idle == int(charge.microusd * (1 - capacity[1] / capacity[0]))


@unhurried
@given(told=charges(), by=rules(), world=worlds())
def test_a_credit_is_shared_as_its_charge_is(told: tuple[Charge, ...], by: Rules, world: World) -> None:
    without = Rules(tuple(rule for rule in by.rules if rule.kind is not Class.OVERHEAD))
    back = tuple(replace(charge, microusd=-charge.microusd) for charge in told)
    there = [(*row[:-1], -int(str(row[-1]))) for row in rows(back, without, world)]
    assert rows(told, without, world) == there


def test_a_part_that_is_lost_is_found_out_with_figures() -> None:
    charge = Charge(charge="c", start=FIRST, end=AFTER, microusd=30_000_000)
    rules = Rules((Rule(id="r", version="1", kind=Class.SHARED, method=Method.FIXED, shares_over=Dimension.TENANT, shares={"acme": 1}),))  # fmt: skip  # noqa: E501
    world = World(FIRST, AFTER, names_of({}, (charge,), rules), {})
    parts = list(allocate((charge,), rules, world))
    short = [replace(parts[0], microusd=parts[0].microusd - np.int64(1))]
    with pytest.raises(AllocationError, match=r"charge c is of 30,000,000 .* allocated 29,999,970"):
        list(balance((charge,), world).watch(short))

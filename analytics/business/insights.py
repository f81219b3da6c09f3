"""What a usage report comes to, in sentences that cite its figures. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from analytics.business.consumption import TenantUsage

NAMED: Final = 3
"""So many tenants are called by name."""
TOP_PERCENT: Final = 10
IDLE_PERCENT: Final = 25


def insights(usages: Sequence["TenantUsage"], uncosted: str | None) -> Iterator[str]:
    """Who costs more than he pays, how concentrated revenue is, who pays and is quiet, and who wants more."""
    if not usages:
        yield "Nobody was a customer, and nobody consumed anything."
        return
    yield from _losses(usages, uncosted)
    yield from _concentration(usages)
    yield from _quiet(usages)
    yield from _idle(usages)
    yield from _wanting(usages)


def _losses(usages: Sequence["TenantUsage"], uncosted: str | None) -> Iterator[str]:
    if uncosted is not None:
        yield f"Who costs more than he pays cannot be told: {uncosted}."
        return
    known = [each for each in usages if each.profit_margin is not None]
    paying = [each for each in known if each.monthly_revenue]
    losing = [each for each in paying if (each.profit_margin or 0) < 0]
    if losing:
        losing.sort(key=lambda each: (each.profit_margin, each.tenant_id))
        named = [
            f"{each.tenant_id} (pays {_money(each.monthly_revenue)}, "
            f"costs {_money(each.allocated_infrastructure_cost)})"
            for each in losing
        ]
        lost = -_summed(each.profit_margin for each in losing)
        told = f"{len(losing):,} of {_counted(len(paying), 'paying tenant')} cost more than they pay"
        yield f"{told}, {_money(lost)} in all: {_named(named)}."
    elif paying:
        yield f"None of {_counted(len(paying), 'paying tenant')} costs more than it pays."
    free = [each for each in known if not each.monthly_revenue]
    if free:
        cost = _summed(each.allocated_infrastructure_cost for each in free)
        yield f"{_counted(len(free), 'tenant')} paid nothing, and cost {_money(cost)}."


def _concentration(usages: Sequence["TenantUsage"]) -> Iterator[str]:
    paying = sorted(
        (each for each in usages if each.monthly_revenue is not None and each.monthly_revenue > 0),
        key=lambda each: (-(each.monthly_revenue or 0), each.tenant_id),
    )
    revenue = _summed(each.monthly_revenue for each in paying)
    if not paying:
        return
    first = paying[0]
    top = paying[: max(1, len(paying) * TOP_PERCENT // 100)]
    of_top = _summed(each.monthly_revenue for each in top)
    yield (
        f"{first.tenant_id} alone brings {_share(first.monthly_revenue, revenue)} of the revenue of {_money(revenue)}; "
        f"the largest {len(top)} of {_counted(len(paying), 'paying tenant')} bring {_share(of_top, revenue)}."
    )


def _quiet(usages: Sequence["TenantUsage"]) -> Iterator[str]:
    quiet = sorted(
        (
            each
            for each in usages
            if each.monthly_revenue and each.monthly_revenue > 0 and each.total_ticks_consumed == 0
        ),
        key=lambda each: (-(each.monthly_revenue or 0), each.tenant_id),
    )
    if not quiet:
        return
    paid = _summed(each.monthly_revenue for each in quiet)
    named = [f"{each.tenant_id} ({_money(each.monthly_revenue)})" for each in quiet]
    yield (
        f"{_counted(len(quiet), 'tenant')} paid {_money(paid)} and consumed nothing that was metered: {_named(named)}."
    )


def _idle(usages: Sequence["TenantUsage"]) -> Iterator[str]:
    known = [each for each in usages if each.efficiency_score is not None and each.total_ticks_consumed]
    low = sorted(
        (each for each in known if (each.efficiency_score or 0) < IDLE_PERCENT),
        key=lambda each: (each.efficiency_score, each.tenant_id),
    )
    if low:
        named = [f"{each.tenant_id} ({each.efficiency_score:g})" for each in low]
        yield (
            f"{len(low)} of {_counted(len(known), 'consuming tenant')} use less than {IDLE_PERCENT} % of what they pay "
            f"for: {_named(named)}."
        )


def _wanting(usages: Sequence["TenantUsage"]) -> Iterator[str]:
    wanting = sorted(
        (each for each in usages if each.upsell_potential),
        key=lambda each: (-(each.upsell_potential or 0), each.tenant_id),
    )
    if wanting:
        named = [
            f"{each.tenant_id} for {each.next_tier} (potential {each.upsell_potential:g}: it "
            f"{', '.join(each.upsell_signals.values())})"
            for each in wanting
        ]
        yield f"{_counted(len(wanting), 'tenant')} may want more than the tier has: {_named(named)}."
    asked = [each for each in usages if each.upsell.parts.get("denied_requests") and not each.upsell_potential]
    if asked:
        named = sorted(f"{each.tenant_id} ({each.upsell.note or each.upsell.reason})" for each in asked)
        told = f"{_counted(len(asked), 'tenant')} asked for a larger tier and should not be offered it yet"
        yield f"{told}: {_named(named)}."


def _named(named: Sequence[str]) -> str:
    more = len(named) - NAMED
    return ", ".join(named[:NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _summed(amounts: Iterable[Decimal | None]) -> Decimal:
    return sum((amount or Decimal() for amount in amounts), Decimal())


def _money(amount: Decimal | None) -> str:
    return "no data" if amount is None else f"${amount:,.2f}"


def _share(part: Decimal | None, whole: Decimal) -> str:
    return f"{100 * (part or Decimal()) / whole:.1f} %"

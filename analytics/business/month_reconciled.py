"""The three reconciliations of a month: what two ledgers say of one thing, and where they differ. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from analytics.business.month_facts import Facts
from analytics.business.month_measure import measured, no_input
from analytics.figures import Figure, Measured, Status, Value, usd
from analytics.summary import Row

CHARGES: Final = "charges_less_allocations_usd"
BYTES: Final = "sent_less_metered_bytes"
INVOICES: Final = "invoices_less_revenue_usd"
RECONCILED: Final = (CHARGES, BYTES, INVOICES)
CLASSES: Final = ("direct", "shared", "overhead", "idle", "unallocated")


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """`figure` is the difference, its parts the two sides. `is_balanced` is None where one side is missing.

    `rows` are where they differ, as is stored now: by charge, or by tenant.
    """

    title: str
    figure: Figure
    is_balanced: bool | None
    rows: tuple[Row, ...]


def reconciliations(facts: Facts) -> tuple[Reconciliation, ...]:
    made = measured(facts)
    charges, sent, invoices = _charges(facts, made), _bytes(facts, made), _invoices(facts, made)
    under = [row for row in facts.bytes if row["status"] == Status.UNDER_METERED]
    differing = [row for row in facts.tenants if row["why"]]
    return (
        Reconciliation("Charges and their allocations", charges, _balance(charges), tuple(facts.charges)),
        Reconciliation("Bytes the cluster sent and bytes that are metered", sent, _balance(sent), tuple(under)),
        Reconciliation("Invoices and recognised revenue", invoices, _balance(invoices), tuple(differing)),
    )


def restored(found: tuple[Reconciliation, ...], frozen: Mapping[str, Figure]) -> tuple[Reconciliation, ...]:
    """With the figures that were frozen in place of those of now."""
    kept = [(each, frozen.get(each.figure.metric, each.figure)) for each in found]
    return tuple(replace(each, figure=figure, is_balanced=_balance(figure)) for each, figure in kept)


def _balance(figure: Figure) -> bool | None:
    """Nothing differs: that the differences add up to nothing is not enough."""
    return None if figure.value is None else figure.status is Status.OK and not figure.parts.get("differing")


def _charges(facts: Facts, made: Measured) -> Figure:
    formula = "effective cost of the days in the month - what is allocated of it, corrections included"
    if gone := no_input(
        made, CHARGES, "usd", formula, facts.source("charges"), "charges", "`tierfeed ops import cost_charges`"
    ):
        return gone
    if not facts.allocated:
        reason = "the month's cost is not allocated: `tierfeed report costs`"
        return made.missing(CHARGES, "usd", formula, Status.NO_SOURCE, reason)
    by = dict.fromkeys(CLASSES, 0)
    for row in facts.allocated:
        by[row["line"] if row["line"] != "allocated" else row["class"]] += row["microusd"]
    difference = sum(row["charged_microusd"] - row["allocated_microusd"] for row in facts.charges)
    allocated = sum(by.values())
    parts: dict[str, Value | None] = {"charges_usd": usd(allocated + difference), "allocations_usd": usd(allocated)}
    parts |= {f"{name}_usd": usd(microusd) for name, microusd in by.items()}
    parts["differing"] = len(facts.charges)
    return made.figure(
        CHARGES, usd(difference), "usd", formula, n=sum(row["rows"] for row in facts.allocated), parts=parts
    )


def _bytes(facts: Facts, made: Measured) -> Figure:
    formula = "bytes sent to tenants' principals - the most that their commits explain, framing included"
    if not facts.bytes:
        reason = "no node of the cluster told what it sent: `meter.exporters` names their exporters"
        return made.missing(BYTES, "bytes", formula, Status.NO_SOURCE, reason)
    judged = [row for row in facts.bytes if row["status"] != Status.INSUFFICIENT_DATA]
    if not judged:
        reason = f"of {len(facts.bytes):,} tenants none was sent enough, over enough minutes that are known"
        return made.missing(BYTES, "bytes", formula, Status.INSUFFICIENT_DATA, reason, n=0)
    sent, explained = (sum(int(row[key]) for row in judged) for key in ("sent", "explained"))
    under = sum(row["status"] == Status.UNDER_METERED for row in judged)
    parts: dict[str, Value | None] = {
        "sent_bytes": sent,
        "explained_bytes": explained,
        "differing": under,
        "not_judged": len(facts.bytes) - len(judged),
    }
    found = made.figure(BYTES, sent - explained, "bytes", formula, n=len(judged), parts=parts)
    if not under:
        return found
    reason = f"{under:,} of {len(judged):,} tenants were sent more than 5 % above what their commits explain"
    return replace(found, status=Status.UNDER_METERED, reason=reason)


def _invoices(facts: Facts, made: Measured) -> Figure:
    formula = "invoices, of each the days in the month - total_revenue_usd"
    asked = (("invoices", "invoices"), ("subscriptions", "subscriptions"))
    for kind, what in asked:
        if gone := no_input(made, INVOICES, "usd", formula, facts.source(kind), what, f"`tierfeed ops import {kind}`"):
            return gone
    invoiced, net = (sum(row[key] for row in facts.tenants) for key in ("invoiced_microusd", "net_microusd"))
    differing = sum(bool(row["why"]) for row in facts.tenants)
    parts: dict[str, Value | None] = {"invoiced_usd": usd(invoiced), "recognised_usd": usd(net), "differing": differing}
    return made.figure(INVOICES, usd(invoiced - net), "usd", formula, n=len(facts.tenants), parts=parts)

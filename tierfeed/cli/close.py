"""`tierfeed close`: a month's figures are frozen, once, and what changes later is a correction."""

import getpass
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from tierfeed.cli.output import Json, emit, err, out, show
from tierfeed.cli.shell import PROBLEM
from tierfeed.cli.sink import bring_rollups
from tierfeed.cli.stack import reached
from tierfeed.settings import load_settings

if TYPE_CHECKING:
    from analytics.business.closing import MonthClosed

Month = Annotated[str, typer.Argument(help="Such as 2026-10.")]
Note = Annotated[str, typer.Option(help="Why; it is kept.")]
Correct = Annotated[bool, typer.Option("--correct", help="Store what differs as the next correction.")]
Who = Annotated[str | None, typer.Option("--by", help="Who closes; whoever is logged in, where left out.")]


def close(month: Month, note: Note = "", correct: Correct = False, by: Who = None, json: Json = False) -> None:
    """Close a month that has been over for 72 hours: its figures and allocations are frozen.

    Closed again, nothing changes. Where data has changed since, the figures that differ are told, and stay as they
    are without --correct. Exit code 1 then, and where frozen rows are not what was closed.

    Example: tierfeed close 2026-10
    """
    from analytics.business.closing import MonthClose, Outcome  # clickhouse-connect
    from analytics.business.costs import CostAllocation, allocation_rules
    from analytics.business.month import BusinessKPIs

    settings = reached(load_settings())
    bring_rollups(settings)
    costs = CostAllocation(settings.clickhouse, allocation_rules(settings))
    months = MonthClose(settings.clickhouse, BusinessKPIs(settings.clickhouse), costs)
    found = months.close(month, by or getpass.getuser(), note, correct=correct)
    if json:
        emit(asdict(found))
    else:
        _tell(found)
    if found.outcome is Outcome.DIFFERS or found.altered:
        raise typer.Exit(PROBLEM)


def _tell(found: "MonthClosed") -> None:
    said = {
        "closed": f"{found.month} is closed: {found.figures} figures, {found.allocations} rows of allocations",
        "unchanged": f"{found.month} was closed already, and nothing has changed",
        "differs": f"{found.month} was closed already, and data has changed since: nothing was stored",
        "corrected": f"{found.month} is corrected: {found.figures} figures and {found.allocations} rows of allocations",
    }
    out().print(said[found.outcome], markup=False)
    what = "closing" if not found.correction else f"correction {found.correction}"
    rows = [("newest", what), ("at", f"{found.closed_at:%F %T}Z"), ("by", found.closed_by), ("SHA-256", found.rows_sum)]
    show(("what", "value"), rows)
    if found.differences:
        show(
            ("figure", "unit", "old", "new", "old n", "new n"),
            [(each.metric, each.unit, each.old, each.new, each.old_n, each.new_n) for each in found.differences],
        )
    if found.outcome == "differs":
        if found.allocations:
            err().print(f"{found.allocations} rows of allocations differ, and figures that rest on them", markup=False)
        err().print(f"`tierfeed close {found.month} --correct` stores that as a correction", markup=False)
    if found.altered:
        err().print("what is stored of the month is not what was closed: its SHA-256 is another", markup=False)

"""`tierfeed credits`: what tenants are owed for uptime that was not kept."""

import getpass
from dataclasses import asdict
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tierfeed.cli.output import Json, emit, err, show
from tierfeed.cli.stack import reached
from tierfeed.domain.tiers import MICRO_USD
from tierfeed.settings import load_settings

if TYPE_CHECKING:
    from analytics.sla.credits import Credits

app = typer.Typer(name="credits", help="Credits: propose, list, approve, reject.", no_args_is_help=True)

Month = Annotated[str, typer.Option(help="Such as 2026-10.")]
Names = Annotated[list[str], typer.Argument(help="The tenants' ids.")]
Note = Annotated[str, typer.Option(help="Why; it is kept.")]
Who = Annotated[str | None, typer.Option("--by", help="Who decides; whoever is logged in, where left out.")]
COLUMNS = ("tenant", "month", "tier", "state", "usd", "percent", "uptime_percent", "target_percent", "decided_by", "evidence")  # fmt: skip  # noqa: E501


@app.command()
def propose(month: Month, json: Json = False) -> None:
    """Propose what is owed for a month that has been over for 72 hours. What is proposed already stays as it is.

    The judge does it by itself.

    Example: tierfeed credits propose --month 2026-10
    """
    found = _credits().propose(month)
    if json:
        emit([asdict(each) for each in found])
        return
    rows = [(each.tenant, each.tier, _usd(each.amount_microusd), each.percent, each.evidence) for each in found]
    show(("tenant", "tier", "usd", "% of the fee", "evidence"), rows, month)
    if not found:
        err().print("nothing is owed that was not proposed before", markup=False)


@app.command("list")
def list_credits(
    month: Annotated[str, typer.Option(help="Such as 2026-10; all, where left out.")] = "", json: Json = False
) -> None:
    """List credits, and what was decided.

    Example: tierfeed credits list --month 2026-10
    """
    _tell(_credits().rows(month), json)


@app.command()
def approve(tenants: Names, month: Month, note: Note = "", by: Who = None, json: Json = False) -> None:
    """Approve credits that were proposed. Approved again, nothing changes; only approved ones enter revenue.

    Example: tierfeed credits approve acme globex --month 2026-10
    """
    _tell(_credits().decide(tenants, month, "APPROVED", by or getpass.getuser(), note), json)


@app.command()
def reject(tenants: Names, month: Month, note: Note = "", by: Who = None, json: Json = False) -> None:
    """Reject credits that were proposed.

    Example: tierfeed credits reject acme --month 2026-10 --note "announced maintenance"
    """
    _tell(_credits().decide(tenants, month, "REJECTED", by or getpass.getuser(), note), json)


def _credits() -> "Credits":
    from analytics.sla.credits import Credits  # clickhouse-connect

    settings = reached(load_settings())
    return Credits(settings.clickhouse, settings.sla)


def _tell(rows: list[dict[str, Any]], json: bool) -> None:
    if json:
        emit(rows)
        return
    for row in rows:
        row["usd"] = _usd(row["amount_microusd"])
        row["uptime_percent"] = round(100 * row["good"] / row["total"], 4)
    show([name.replace("_", " ") for name in COLUMNS], [[row[name] for name in COLUMNS] for row in rows])


def _usd(micro: int) -> str:
    return f"{Decimal(micro) / MICRO_USD:,.2f}"

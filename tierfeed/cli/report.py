"""`tierfeed report`: the business, as figures that say what they rest on."""

from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tierfeed.cli.output import Json, emit, err
from tierfeed.cli.stack import reached
from tierfeed.domain.tiers import MICRO_USD
from tierfeed.errors import ConfigError
from tierfeed.settings import load_settings

if TYPE_CHECKING:
    from analytics.business.profit_report import Revenue
    from analytics.reports.page import Page

app = typer.Typer(name="report", help="The business: reports on a terminal, as CSV and as HTML.", no_args_is_help=True)

Csv = Annotated[
    Path | None,
    typer.Option("--csv", metavar="DIR", file_okay=False, help="Write each table to a CSV file in this folder."),
]
Html = Annotated[
    Path | None,
    typer.Option("--html", metavar="FILE", dir_okay=False, help="Write it as one HTML file that needs no network."),
]
EXAMPLE_USERS = 1000


@app.callback()
def report() -> None:
    """Draw reports. What is not known is said to be, with the reason: it is never 0."""


@app.command()
def profit(
    users: Annotated[int, typer.Option(help="How many are served.", min=0)] = EXAMPLE_USERS,
    revenue_per_user: Annotated[
        str | None,
        typer.Option(
            metavar="USD", help="What one brings in a month; the mean of the last 30 days' tenants, where left out."
        ),
    ] = None,
    card: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A rate card of your own; the shipped one, where left out.", dir_okay=False),
    ] = None,
    json: Json = False,
    csv: Csv = None,
    html: Html = None,
) -> None:
    """Reckon what consolidated ingestion saves against a line for each user, and what that is of revenue.

    Needs nothing that runs: where ClickHouse does not answer, revenue is unknown, and the rest is reckoned.

    Example: tierfeed report profit --users 1000 --revenue-per-user 180 --html profit.html
    """
    from analytics.business.profit_report import profit as reckoned  # clickhouse-connect
    from analytics.business.rates import RATES, rate_card
    from analytics.reports.profit_page import profit_page

    now = datetime.now(UTC)
    found = reckoned(rate_card(card or RATES), _revenue(revenue_per_user, now), users, now)
    give(found, profit_page(found), json, csv, html)


def _revenue(named: str | None, now: datetime) -> "Revenue":
    from analytics.business.profit_report import Revenue, revenue_per_user

    if named is None:
        return revenue_per_user(reached(load_settings()).clickhouse, now)
    try:
        amount = Decimal(named) * MICRO_USD
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0 or amount != int(amount):
        raise ConfigError(f"--revenue-per-user must be dollars, with six decimals at most, was {named!r}")
    return Revenue(int(amount), "as named by --revenue-per-user")


def give(result: Any, page: "Page", json: bool, csv: Path | None, html: Path | None) -> None:
    """A report in the form that was asked for: files, one JSON value of its result, else the terminal.

    Files are told on standard error, and do not keep --json from printing.
    """
    from analytics.reports.html import html as drawn
    from analytics.reports.table_files import table_files
    from tierfeed.cli.paper import draw

    if csv is not None:
        csv.mkdir(parents=True, exist_ok=True)
        for name, text in table_files(page).items():
            _write(csv / name, text)
    if html is not None:
        _write(html, drawn(page))
    if json:
        emit(asdict(result))
    elif csv is None and html is None:
        draw(page)


def _write(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8", newline="")
    err().print(f"wrote {file}", markup=False, soft_wrap=True)

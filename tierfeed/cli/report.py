"""`tierfeed report`: the business, as figures that say what they rest on."""

from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tierfeed.cli.output import Json, emit, err
from tierfeed.cli.sink import bring_rollups
from tierfeed.cli.stack import reached
from tierfeed.domain.tiers import MICRO_USD
from tierfeed.errors import ConfigError
from tierfeed.settings import Settings, load_settings

if TYPE_CHECKING:
    from analytics.business.costs import CostAllocation
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
HEALTH_DAYS = 30


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


Days = Annotated[int, typer.Option(help="How many days, up to --until.", min=1, max=400)]
Until = Annotated[
    str | None,
    typer.Option(metavar="DATE", help="The day after the last one, such as 2026-11-01; today, where left out."),
]
Month = Annotated[str, typer.Argument(help="Such as 2026-10.")]


@app.command()
def costs(
    month: Month,
    focus: Annotated[
        Path | None,
        typer.Option(metavar="FILE", dir_okay=False, help="Write every allocation to this CSV file, in FOCUS columns."),
    ] = None,
    tenant: Annotated[str, typer.Option(help="Only this one's lines, in --focus.")] = "",
    json: Json = False,
    csv: Csv = None,
    html: Html = None,
) -> None:
    """Share what a month cost, to the micro-dollar: by tenant, tier, broker, symbol and day, and what is left and why.

    The rows are in the table cost_allocations; a month that is closed is told as it was frozen.

    Example: tierfeed report costs 2026-10 --focus october.csv
    """
    from analytics.business.costs import page as drawn
    from analytics.reports.table_files import rows_file

    settings = reached(load_settings())
    bring_rollups(settings)
    allocation = _allocation(settings)
    found = allocation.allocate(month)
    if focus is not None:
        _write(focus, rows_file(allocation.focus_rows(month, tenant)))
    give(found, drawn(found), json, csv, html)


@app.command()
def brokers(days: Days = 30, until: Until = None, json: Json = False, csv: Csv = None, html: Html = None) -> None:
    """Tell what each broker costs, how good it is, what it earns, and what would be lost without it.

    Example: tierfeed report brokers --days 30 --html brokers.html
    """
    from analytics.business.brokers import BrokerBusinessAnalytics
    from analytics.business.brokers import page as drawn

    settings = reached(load_settings())
    bring_rollups(settings)
    found = BrokerBusinessAnalytics(settings.clickhouse).generate_broker_cost_analysis(days, _day(until))
    give(found, drawn(found), json, csv, html)


@app.command()
def usage(days: Days = 30, until: Until = None, json: Json = False, csv: Csv = None, html: Html = None) -> None:
    """Tell what each tenant consumed, cost and earned, how well it uses what it pays for, and what it may want.

    Shares the cost of the months in question first.

    Example: tierfeed report usage --days 30 --csv usage
    """
    from analytics.business.consumption import CustomerUsageAnalytics
    from analytics.business.consumption_page import usage_page
    from analytics.ops.terms import calendar_now

    settings = reached(load_settings())
    bring_rollups(settings)
    _share_costs(settings, days, _day(until))
    analytics = CustomerUsageAnalytics(settings.clickhouse, calendar_now(settings))
    found = analytics.analyze_data_consumption_patterns(days, _day(until))
    give(found, usage_page(found), json, csv, html)


@app.command()
def health(
    tenant: Annotated[str | None, typer.Option(help="Only this one, with all that its score rests on.")] = None,
    until: Until = None,
    json: Json = False,
    csv: Csv = None,
    html: Html = None,
) -> None:
    """Tell how each customer is: score, parts, risks, what it may want, and what to do.

    Shares the cost of the months in question first: a customer's margin needs it.

    Example: tierfeed report health --tenant acme
    """
    from analytics.business.health import CustomerHealthManager
    from analytics.business.health_page import health_page, tenant_page
    from analytics.ops.terms import calendar_now

    settings = reached(load_settings())
    bring_rollups(settings)
    day = _day(until)
    _share_costs(settings, HEALTH_DAYS, day)
    manager = CustomerHealthManager(settings.clickhouse, calendar_now(settings))
    at = None if day is None else datetime(day.year, day.month, day.day, tzinfo=UTC)
    if tenant is not None:
        one = manager.calculate_customer_health_score(tenant, at)
        give(one, tenant_page(one), json, csv, html)
    else:
        everybody = manager.all(at)
        give(everybody, health_page(everybody, at), json, csv, html)


@app.command()
def month(month: Month, json: Json = False, csv: Csv = None, html: Html = None) -> None:
    """Report a month: infrastructure, revenue, customers, data quality, what to do, and whether the books agree.

    Shares its cost first; a month that is closed is told as it was frozen.

    Example: tierfeed report month 2026-10 --html october.html
    """
    from analytics.business.month import BusinessKPIs
    from analytics.business.month_page import page as drawn

    settings = reached(load_settings())
    bring_rollups(settings)
    _allocation(settings).allocate(month)
    found = BusinessKPIs(settings.clickhouse).report(month)
    give(found, drawn(found), json, csv, html)


def _allocation(settings: Settings) -> "CostAllocation":
    from analytics.business.costs import CostAllocation, allocation_rules

    return CostAllocation(settings.clickhouse, allocation_rules(settings))


def _share_costs(settings: Settings, days: int, until: date | None) -> None:
    """Of all months that the days, the last ones before `until` or today, are in."""
    last = datetime.now(UTC).date() if until is None else until - timedelta(days=1)
    first = last - timedelta(days=days - 1)
    allocation = _allocation(settings)
    for number in range(first.year * 12 + first.month - 1, last.year * 12 + last.month):
        allocation.allocate(f"{number // 12:04d}-{number % 12 + 1:02d}")


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"--until must be a date such as 2026-11-01, was {text!r}") from None


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
        emit([asdict(each) for each in result] if isinstance(result, list) else asdict(result))
    elif csv is None and html is None:
        draw(page)


def _write(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8", newline="")
    err().print(f"wrote {file}", markup=False, soft_wrap=True)

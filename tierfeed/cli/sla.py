"""`tierfeed sla`: what the tiers promise, and what was kept of it."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.parts import say_ready
from tenants.registry import Registry
from tierfeed.cli.output import Json, emit, err, show, text
from tierfeed.cli.service import in_thread, serve
from tierfeed.cli.shell import PROBLEM
from tierfeed.cli.stack import reached
from tierfeed.cli.times import span
from tierfeed.domain.market import month_of
from tierfeed.domain.objectives import Budget, Objective, alerts, budgets
from tierfeed.domain.spans import total
from tierfeed.domain.tenants import Registered
from tierfeed.errors import ConfigError
from tierfeed.settings import Settings, load_settings

if TYPE_CHECKING:
    from analytics.sla.compliance import Kept, SLAComplianceReport

app = typer.Typer(name="sla")
PPM_OF_PERCENT = 10_000
STALE = timedelta(minutes=2)
"""A judge that is so far behind is not at work."""
COLUMNS = (
    "objective", "target %", "last hour %", "kept", "bad", "burn 1h", "month's target %", "month %", "kept",
    "budget left %",
)  # fmt: skip
INCIDENTS = ("incident", "what", "began", "ended", "good", "total", "target_percent", "causes", "remedy")


@app.callback(invoke_without_command=True)
def sla(
    context: typer.Context,
    tenant: Annotated[str | None, typer.Option(help="Only this one; without it, every tier.")] = None,
    month: Annotated[str | None, typer.Option(help="Of the contractual figures; this one, where left out.")] = None,
    json: Json = False,
) -> None:
    """Tell what was kept of what is promised: over the last hour, and over the calendar month.

    A tenant's month is judged by the tier and the symbols that it had at the month's end.
    A share of fewer than 100 records or updates is not judged. Exit code 1 where a promise is not kept.

    Example: tierfeed sla --tenant acme --json
    """
    if context.invoked_subcommand is not None:
        return
    from analytics.ops.terms import calendar_now  # clickhouse-connect
    from analytics.sla.compliance import SLAManager

    settings = reached(load_settings())
    registered = registered_in(settings)
    manager = SLAManager(settings.clickhouse, registered, calendar_now(settings))
    if tenant is not None:
        reports = [manager.monitor_sla_compliance(tenant, month)]
    else:
        reports = [manager.tier_compliance(name, month) for name in registered.tiers]
    if json:
        documents = [asdict(report) for report in reports]
        emit(documents[0] if tenant is not None else documents)
    else:
        for report in reports:
            _tell(report)
    if any(report.overall_compliance is False for report in reports):
        raise typer.Exit(PROBLEM)


@app.command()
def run() -> None:
    """Judge what is stored, slice by slice, until SIGTERM or Ctrl-C: slices to ClickHouse, incidents to sla.events.

    Where it goes on, ClickHouse says. One at a time.

    Example: tierfeed sla run
    """
    from analytics.sla.process import run_judge

    settings = reached(load_settings())
    serve(
        settings, "sla", in_thread(lambda ended: run_judge(settings, lambda: registered_in(settings), ended, say_ready))
    )


@app.command()
def incidents(
    begin: Annotated[str | None, typer.Option("--from", metavar="TIME", help="A day ago, where left out.")] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="TIME", help="Before it; now, where left out.")] = None,
    subject: Annotated[str, typer.Option(help="Only of this tier, or of this tenant.")] = "",
    json: Json = False,
) -> None:
    """List the breaches and alerts that were going on in a span of time.

    Example: tierfeed sla incidents --from 2026-11-26T09:00 --subject enterprise
    """
    from analytics.summary import Questions

    settings = reached(load_settings())
    start, until = span(begin or (datetime.now(UTC) - timedelta(days=1)).isoformat(), end)
    questions = Questions(settings.clickhouse)
    try:
        rows = questions.ask("sla_incidents", {"subject": subject, "from": start, "to": until})
    finally:
        questions.close()
    if json:
        emit(rows)
        return
    show([name.replace("_", " ") for name in INCIDENTS], [[row[name] for name in INCIDENTS] for row in rows])


def registered_in(settings: Settings) -> Registered:
    """Tenants and tiers of the registry; where no tier is there, those of the tiers file."""
    registered = Registry(settings.clickhouse).newest()
    return registered if registered.tiers else Registered({}, {tier.name: tier for tier in settings.tiers()})


def _tell(report: "SLAComplianceReport") -> None:
    who = report.tenant_id or "all of it"
    live, month = ({kept.objective: kept for kept in of} for of in (report.live, report.contractual))
    rows = [_told(each, live.get(each), month.get(each)) for each in Objective if each in {*live, *month}]
    show(COLUMNS, rows, f"{report.subscription_tier or 'no customer now'}, {who}; {_month(report)}")
    if report.promised.reason is not None:
        err().print(report.promised.reason, markup=False)
    if metrics := report.current_metrics:
        brokers = "no data" if metrics["broker_count"] is None else metrics["broker_count"]
        err().print(
            f"pipeline latency p50 {metrics['latency_p50_ms']} ms, p95 {metrics['latency_p95_ms']} ms, "
            f"p99 {metrics['latency_p99_ms']} ms of {metrics['records']:,} records; brokers {brokers} "
            f"of {report.sla_targets['broker_redundancy']}",
            markup=False,
        )
    for row in report.incidents:
        err().print(f"{row['what']} since {row['began']:%F %T}Z: {row['incident']} {row['causes']}", markup=False)
    if report.judged_until is None:
        err().print("nothing has been judged: `tierfeed sla run` does it", markup=False)
    elif report.computed_at - report.judged_until > STALE:
        err().print(f"judged until {report.judged_until:%F %T}Z only: is `tierfeed sla run` at work?", markup=False)


def _month(report: "SLAComplianceReport") -> str:
    """Which month, and by what it is judged where that is not what the tenant has now, or not all of it."""
    told, promised = f"month {report.month}, {report.month_status}", report.promised
    if promised.tier not in (None, report.subscription_tier):
        told += f", of {promised.tier}"
    if promised.symbols is not None:
        told += f", {text(promised.symbols)}"
    if promised.since is not None and promised.since > month_of(report.month)[0]:
        told += f", from {promised.since:%F %T}Z on"
    return told


def _told(objective: Objective, live: "Kept | None", month: "Kept | None") -> list[object]:
    """None throughout where nothing is, or was, promised."""
    row: list[object] = [objective, *[None] * 9]
    if live is not None:
        burn = (live.burn_rates or {}).get("1h")
        row[1:6] = [live.target_percent, live.value_percent, live.is_kept, live.total - live.good, burn]
    if month is not None:
        row[6:] = [month.target_percent, month.value_percent, month.is_kept, month.budget_left_percent]
    return row


@app.command()
def budget(
    month: Annotated[str | None, typer.Option(help="Such as 2026-11; this one, where left out.")] = None,
    tier: Annotated[str | None, typer.Option(help="Only this one.")] = None,
    json: Json = False,
) -> None:
    """Tell how long the market is scheduled to be open in a month, how much of that may be bad before a tier's promise
    is broken, and at which burn rates to alert.

    Example: tierfeed sla budget --month 2026-11 --tier enterprise
    """
    from analytics.ops.terms import calendar_now  # clickhouse-connect

    settings = reached(load_settings())
    start, end = month_of(month or datetime.now(UTC).strftime("%Y-%m"))
    has_clickhouse = "url" in settings.clickhouse.model_fields_set
    calendar = calendar_now(settings) if has_clickhouse else settings.calendar()
    tiers = [each for each in settings.tiers() if tier in (None, each.name)]
    if not tiers:
        raise ConfigError(f"--tier must be one of {', '.join(each.name for each in settings.tiers())}, was {tier!r}")
    scheduled = {each.name: total(calendar.scheduled(start, end, each.brokers)) for each in tiers}
    found = [row for each in tiers for row in budgets(each, scheduled[each.name])]
    burning = {name: [_alert(each) for each in alerts(scheduled_s)] for name, scheduled_s in scheduled.items()}
    if json:
        rows = [_row(each) for each in found]
        emit({"month": f"{start:%Y-%m}", "budgets": rows, "alerts": burning})
        return
    show(
        ("tier", "objective", "target %", "scheduled h", "bad at most", "that is min"),
        [list(_shown(_row(each)).values()) for each in found],
        f"{start:%Y-%m}",
    )
    show(
        ("tier", "% of the budget", "in market h", "and in min", "burn rate"),
        [[name, *each.values()] for name, rows in burning.items() for each in rows],
    )
    err().print("burn rate 1 uses the budget up exactly at the month's end", markup=False)
    if not has_clickhouse:
        err().print("no ClickHouse is named or runs here: of maintenance, only the market file's counts", markup=False)


def _row(budget: Budget) -> dict[str, Any]:
    return {
        "tier": budget.tier,
        "objective": budget.objective,
        "target_percent": budget.target_ppm / PPM_OF_PERCENT,
        "scheduled_hours": round(budget.scheduled_s / 3600, 2),
        "slices": budget.slices,
        "bad_slices": budget.bad_slices,
        "bad_minutes": None if budget.bad_s is None else float(round(budget.bad_s / 60, 2)),
    }


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    slices, bad = row.pop("slices"), row["bad_slices"]
    of = {"latency": "records", "completeness": "updates"}
    percent = round(100 - row["target_percent"], 4)
    row["bad_slices"] = (
        f"{percent:g} % of {of[row['objective']]}" if slices is None else f"{bad:,} of {slices:,} slices"
    )
    return row


def _alert(alert: Any) -> dict[str, Any]:
    return {
        "budget_percent": float(alert.share * 100),
        "window_hours": alert.window_s / 3600,
        "short_window_minutes": alert.short_window_s / 60,
        "burn_rate": float(round(alert.factor, 2)),
    }

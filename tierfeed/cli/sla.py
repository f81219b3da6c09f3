"""`tierfeed sla`: what the tiers promise."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from tierfeed.cli.output import Json, emit, err, show
from tierfeed.domain.market import month_of, parse_calendar
from tierfeed.domain.objectives import Budget, alerts, budgets
from tierfeed.domain.spans import total
from tierfeed.errors import ConfigError
from tierfeed.settings import load_settings, read_document

app = typer.Typer(no_args_is_help=True, name="sla", help="What the tiers promise.")
PPM_OF_PERCENT = 10_000


@app.callback()
def sla() -> None:
    """What the tiers promise."""


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
    settings = load_settings()
    start, end = month_of(month or datetime.now(UTC).strftime("%Y-%m"))
    calendar = parse_calendar(read_document(settings.market_file, "market_file"))
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

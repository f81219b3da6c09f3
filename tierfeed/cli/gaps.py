"""`tierfeed gaps`: what was lost of brokers' ticks, and what became of it."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from tierfeed.cli.output import Json, emit, err, show
from tierfeed.cli.stack import reached
from tierfeed.cli.times import span
from tierfeed.errors import ConfigError
from tierfeed.settings import Settings, load_settings

COLUMNS = ("broker", "line", "symbol", "cause", "state", "from_time", "to_time", "missing", "filled", "command", "reason")  # fmt: skip  # noqa: E501
BROKERS = ("broker", "gaps", "open", "completeness live %", "history %", "source live %", "history %")
OPEN = ("suspected", "confirmed", "filling")


def gaps(
    broker: Annotated[str | None, typer.Option(help="Only of this one.")] = None,
    begin: Annotated[str | None, typer.Option("--from", metavar="TIME", help="A day ago, where left out.")] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="TIME", help="Before it; now, where left out.")] = None,
    state: Annotated[
        str | None,
        typer.Option(help="Only these: suspected, confirmed, filling, filled, partial or unfillable."),
    ] = None,
    json: Json = False,
) -> None:
    """List the gaps of brokers' ticks in a span of time, how many were lost and how many came back; and how complete
    each broker is, as it came (live) and with what was filled in since (history).

    Example: tierfeed gaps --broker fxcm --from 2026-11-26T09:00 --state unfillable
    """
    from analytics.summary import Questions  # clickhouse-connect

    settings = load_settings()
    _check(settings, broker, state)
    start, until = span(begin or (datetime.now(UTC) - timedelta(days=1)).isoformat(), end)
    questions = Questions(reached(settings).clickhouse)
    try:
        asked = {"broker": broker or "", "state": "", "from": start, "to": until}
        found = questions.ask("gaps", asked)
        complete = questions.ask("completeness", {"from": start, "to": until})
        covered = questions.ask("source_coverage", {"from": start, "to": until})
    finally:
        questions.close()
    complete, covered = ([row for row in rows if broker in (None, row["broker"])] for rows in (complete, covered))
    summary = _brokers(found, complete, covered)
    shown = [row for row in found if state in (None, row["state"])]
    if json:
        emit({"gaps": shown, "completeness": complete, "source": covered, "brokers": summary})
        return
    show([name.replace("_", " ") for name in COLUMNS], [[row[name] for name in COLUMNS] for row in shown])
    if summary:
        show(BROKERS, [list(row.values()) for row in summary])
    else:
        err().print("nothing is stored of the span", markup=False)


def _check(settings: Settings, broker: str | None, state: str | None) -> None:
    from analytics.sla.gaps import State

    problems = []
    if broker is not None and broker not in settings.brokers:
        problems.append(f"--broker must be one of {', '.join(settings.brokers)}, was {broker!r}")
    if state is not None and state not in [*State]:
        problems.append(f"--state must be one of {', '.join(State)}, was {state!r}")
    if problems:
        raise ConfigError(problems)


Rows = list[dict[str, Any]]


def _brokers(gaps: Rows, complete: Rows, covered: Rows) -> Rows:
    """A line per broker: of all its symbols together."""
    names = sorted({row["broker"] for row in (*gaps, *complete, *covered)})
    return [
        _broker(name, *([row for row in rows if row["broker"] == name] for rows in (gaps, complete, covered)))
        for name in names
    ]


def _broker(name: str, gaps: Rows, complete: Rows, covered: Rows) -> dict[str, Any]:
    sums = {key: sum(row[key] for row in complete) for key in ("sent", "came", "held")}
    seconds = {key: sum(row[key] for row in covered) for key in ("expected", "observed", "history")}
    return {
        "broker": name,
        "gaps": len(gaps),
        "open": sum(row["state"] in OPEN for row in gaps),
        "completeness_live_percent": _percent(sums["came"], sums["sent"]),
        "completeness_history_percent": _percent(sums["held"], sums["sent"]),
        "source_live_percent": _percent(seconds["observed"], seconds["expected"]),
        "source_history_percent": _percent(seconds["history"], seconds["expected"]),
    }


def _percent(part: int, whole: int) -> float | None:
    """None: nothing to go by."""
    return round(100 * part / whole, 4) if whole else None

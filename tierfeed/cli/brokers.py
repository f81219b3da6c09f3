"""`tierfeed brokers`: how good they are, and which of them are one; what is asked of them is in commanding.py."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from tierfeed.cli.commanding import command, commands
from tierfeed.cli.output import Json, emit, err, show
from tierfeed.cli.stack import reached
from tierfeed.cli.times import span
from tierfeed.settings import load_settings

app = typer.Typer(name="brokers", help="Brokers: quality, command, commands.", no_args_is_help=True)

PAIRS = ("one", "other", "symbol", "shared_percent", "offset_h", "gaps", "shared_gaps", "declared")


@app.callback()
def brokers() -> None:
    """Brokers: how good they are, which of them are one, and what is asked of them."""


app.command()(command)
app.command()(commands)


@app.command()
def quality(
    begin: Annotated[str | None, typer.Option("--from", metavar="TIME", help="A day ago, where left out.")] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="TIME", help="Before it; now, where left out.")] = None,
    json: Json = False,
) -> None:
    """Tell how good what each broker sent is, of all that is stored, and which brokers look like one feed in a span.

    source: of the span's seconds in which another broker ticked the symbol, those in which this one was there.

    Two that share half of their moments to the millisecond look like one feed: they are one for redundancy, whatever
    they are called. Say so in the broker's contract (upstream), or in the setting broker_upstreams.

    Example: tierfeed brokers quality --from 2026-11-26
    """
    from analytics.ops.terms import Terms  # clickhouse-connect
    from analytics.summary import Questions

    settings = reached(load_settings())
    start, until = span(begin or (datetime.now(UTC) - timedelta(days=1)).isoformat(), end)
    questions = Questions(settings.clickhouse)
    try:
        rows = questions.ask("quality")
        covered = questions.ask("source_coverage", {"from": start, "to": until})
        pairs = questions.ask("same_feed", {"from": start, "to": until})
    finally:
        questions.close()
    upstreams = Terms.of(settings, datetime.now(UTC).date()).upstreams
    by_pair = {(row["broker"], row["symbol"]): row["source_percent"] for row in covered}
    rows = [row | {"source_percent": by_pair.get((row["broker"], row["symbol"]))} for row in rows]
    alike = [_declared(pair, upstreams) for pair in pairs if pair["looks_like_one"]]
    if json:
        emit({"quality": rows, "alike": alike})
        return
    if rows:
        show([name.replace("_", " ") for name in rows[0]], [list(row.values()) for row in rows])
    if alike:
        show([name.replace("_", " ") for name in PAIRS], [[row[name] for name in PAIRS] for row in alike], "one feed?")
    else:
        err().print("no two of them look like one feed", markup=False)


def _declared(pair: dict[str, Any], upstreams: dict[str, str]) -> dict[str, Any]:
    """With whether a contract or the settings say so."""
    names = [upstreams.get(pair[who], pair[who]) for who in ("one", "other")]
    return {name: value for name, value in pair.items() if name != "looks_like_one"} | {"declared": len({*names}) == 1}

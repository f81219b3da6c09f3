"""`tierfeed consume`: reads a tier's topic as a tenant would, line by line."""

from enum import StrEnum
from typing import Annotated

import typer

from tierfeed.cli.output import err
from tierfeed.cli.stack import reached
from tierfeed.domain.symbols import CANONICAL
from tierfeed.errors import ConfigError
from tierfeed.settings import Settings, load_settings


class From(StrEnum):
    """Where to begin."""

    BEGINNING = "beginning"
    LATEST = "latest"


def consume(
    tier: Annotated[str, typer.Option(help="free, pro, enterprise, or another that is declared.")],
    symbol: Annotated[list[str] | None, typer.Option(help="Only this symbol; may be given again.")] = None,
    begin: Annotated[From, typer.Option("--from", help="From what is still there, or what comes from now on.")] = (
        From.LATEST
    ),
    limit: Annotated[int | None, typer.Option(min=1, help="End after so many records.")] = None,
    follow: Annotated[bool, typer.Option(help="Wait for more at the end.")] = True,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line, with every field.")] = False,
) -> None:
    """Print a tier's quotes as they come, until Ctrl-C.

    What the topic says of itself is heeded: records of a worker that had lost its partition are left out, STALE and
    FRESH are shown, heartbeats are not.

    Example: tierfeed consume --tier pro --symbol EURUSD --from beginning --limit 20
    """
    from tierfeed.cli.reading import HEADING, Reading, line_of, line_of_json

    settings = reached(load_settings())
    _check(settings, tier, symbol or [])
    reading = Reading(settings, tier, frozenset(symbol or ()), from_beginning=begin is From.BEGINNING)
    shown = 0
    if not json:
        typer.echo(HEADING)
    try:
        for record in reading.records(follow=follow):
            typer.echo(line_of_json(record) if json else line_of(record))
            shown += record.is_quote
            if limit is not None and shown >= limit:
                break
    finally:
        reading.close()
        if reading.stale:
            err().print(f"{reading.stale} records of an older epoch left out", markup=False)


def _check(settings: Settings, tier: str, symbols: list[str]) -> None:
    tiers = {known.name: known for known in settings.tiers()}
    if tier not in tiers:
        raise ConfigError(f"--tier must be one of {', '.join(tiers)}, was {tier!r}")
    carried = tiers[tier].symbols
    known = f"one that {tier} carries ({', '.join(sorted(carried))})" if carried else "like EURUSD, in capital letters"
    strange = [name for name in symbols if not (CANONICAL.fullmatch(name) and tiers[tier].carries(name))]
    if strange:
        raise ConfigError([f"--symbol must be {known}, was {name!r}" for name in strange])

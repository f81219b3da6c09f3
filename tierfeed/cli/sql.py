"""`tierfeed sql`: one statement to ClickHouse."""

import json as jsonlib
import urllib.error
import urllib.parse
import urllib.request
from http.client import HTTPException
from typing import Annotated, Any

import typer

from tierfeed.cli.output import Json, emit, err, show
from tierfeed.cli.stack import reached
from tierfeed.errors import ConfigError, TierfeedError, UpstreamError
from tierfeed.settings import ClickHouseSettings, load_settings

ANSWER_S = 300
FORMAT = "JSONCompact"


class QueryError(TierfeedError):
    """ClickHouse has refused a statement."""


def sql(
    statement: Annotated[str, typer.Argument(help="What to ask, or to do; its own FORMAT is printed as it comes.")],
    param: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="The value of {NAME:Type} in the statement.")
    ] = None,
    json: Json = False,
) -> None:
    """Ask ClickHouse and print the rows; with --json, a list of objects.

    Example: tierfeed sql "SELECT tier, count() AS records FROM tier_quotes GROUP BY tier"
    """
    answer = ask(reached(load_settings()).clickhouse, statement, _parameters(param or []))
    try:
        document = jsonlib.loads(answer)
        columns, rows = [column["name"] for column in document["meta"]], document["data"]
    except (ValueError, TypeError, KeyError):  # a statement without rows, or with a FORMAT of its own
        typer.echo(answer, nl=not answer.endswith("\n")) if answer else err().print("done")
        return
    if json:
        emit([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        show(columns, rows)


def ask(clickhouse: ClickHouseSettings, statement: str, parameters: dict[str, str]) -> str:
    """The answer's text. Plain HTTP: what a person typed must not be rewritten by a driver.

    Raises QueryError with its own words, UpstreamError where it is away.
    """
    asked = {
        "database": clickhouse.database,
        "default_format": FORMAT,
        "output_format_json_quote_64bit_integers": "0",
        **{f"param_{name}": value for name, value in parameters.items()},
    }
    request = urllib.request.Request(
        f"{clickhouse.url}/?{urllib.parse.urlencode(asked)}",
        statement.encode(),
        {
            "X-ClickHouse-User": clickhouse.username,
            "X-ClickHouse-Key": clickhouse.password.get_secret_value(),
            "Content-Type": "text/plain; charset=utf-8",
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_S) as response:
            return str(response.read().decode(errors="replace"))
    except urllib.error.HTTPError as error:
        told = error.read().decode(errors="replace").strip().splitlines()
        raise QueryError(told[0] if told else str(error)) from error
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise UpstreamError(f"ClickHouse at {clickhouse.url} is away: {reason}") from error


def _parameters(given: list[str]) -> dict[str, str]:
    problems = [f"--param must be NAME=VALUE, was {text!r}" for text in given if "=" not in text]
    if problems:
        raise ConfigError(problems)
    found: dict[str, Any] = dict(text.split("=", 1) for text in given)
    return found

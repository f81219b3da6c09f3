"""`tierfeed config`: the settings in force."""

from collections.abc import Iterator, Mapping
from typing import Any

import typer

from tierfeed.cli.output import Json, emit, out, show
from tierfeed.settings import load_settings

app = typer.Typer(name="config", help="Settings: show, check.", no_args_is_help=True)


@app.command("show")
def show_settings(json: Json = False) -> None:
    """Print every setting in force, from environment, file and defaults. Secrets are masked.

    Example: tierfeed config show --json
    """
    settings = load_settings()
    document = settings.model_dump(mode="json")
    if json:
        emit(document)
    else:
        show(("setting", "value"), [(key, value) for key, value in _flat(document)])


@app.command()
def check() -> None:
    """Check the settings and the tiers whole; every problem is one line. Exit code 2 where there is one.

    Example: tierfeed config check
    """
    settings = load_settings()
    settings.tiers()
    out().print("the settings are fine")


def _flat(document: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in document.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value if isinstance(value, list) or value is None else str(value)

"""Passwords that are handed over once: on the screen, or into a file that nobody else may read."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from tierfeed.cli.output import err, show
from tierfeed.errors import ConfigError

Credentials = Annotated[
    Path | None,
    typer.Option(help="Write the passwords to this new file, readable by you alone, instead of printing them."),
]
MECHANISM = "SCRAM-SHA-512"


def refuse_existing(file: Path | None) -> None:
    """Raises ConfigError where passwords would go over something."""
    if file is not None and file.exists():
        raise ConfigError(f"--credentials {file} is there already: passwords go to a new file")


def give(passwords: Mapping[str, str], file: Path | None) -> list[dict[str, str]]:
    """Hand over what nobody will see again: rows to show, or none where they went to the file."""
    rows = [{"username": user, "password": password, "mechanism": MECHANISM} for user, password in passwords.items()]
    if file is None or not rows:
        return rows
    with os.fdopen(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as written:
        written.writelines(f"{json.dumps(row)}\n" for row in rows)
    err().print(f"{len(rows)} passwords are in {file}", markup=False)
    return []


def show_credentials(given: list[dict[str, str]]) -> None:
    if given:
        show(("username", "password", "mechanism"), [list(row.values()) for row in given])
        err().print("these passwords are shown this once", markup=False)
